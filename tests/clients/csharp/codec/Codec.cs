using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using Swash.Wire;

/// <summary>
/// Reads messages and says what it made of them. Standard input: the name of a type, a line feed, a length
/// (4 bytes, little-endian), the bytes; again and again. Standard output for each: a length and the message
/// written again, or the length 0xffffffff when it was refused; with the argument "describe" what its properties
/// hold.
/// </summary>
public static class Codec
{
    public static int Main(string[] arguments)
    {
        bool describe = arguments.Contains("describe");
        Dictionary<string, Type> types = Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => typeof(IMessage).IsAssignableFrom(type) && !type.IsInterface)
            .ToDictionary(type => (string)type.GetField("FullName").GetRawConstantValue());
        var input = new BinaryReader(new BufferedStream(Console.OpenStandardInput()));
        var output = new BinaryWriter(new BufferedStream(Console.OpenStandardOutput()));
        for (string name = Line(input); name != ""; name = Line(input))
        {
            byte[] data = input.ReadBytes(input.ReadInt32());
            var message = (IMessage)Activator.CreateInstance(types[name]);
            try
            {
                message.MergeFrom(new ProtoReader(data, 0, data.Length));
            }
            catch (ProtoException)
            {
                output.Write(-1);
                continue;
            }
            byte[] answer = describe ? Encoding.UTF8.GetBytes(Text(message)) : ProtoWriter.Serialize(message);
            output.Write(answer.Length);
            output.Write(answer);
        }
        output.Flush();
        return 0;
    }

    private static string Line(BinaryReader input)
    {
        var line = new StringBuilder();
        try
        {
            for (byte next = input.ReadByte(); next != '\n'; next = input.ReadByte()) line.Append((char)next);
        }
        catch (EndOfStreamException)
        {
            return "";
        }
        return line.ToString();
    }

    /// <summary>Numbers in decimal, of floating point their bits, text and bytes in hexadecimal.</summary>
    private static string Text(object value)
    {
        switch (value)
        {
            case null: return "null";
            case string text: return "t" + Hex(Encoding.UTF8.GetBytes(text));
            case byte[] bytes: return "b" + Hex(bytes);
            case bool flag: return flag ? "1" : "0";
            case double number: return "d" + Text(BitConverter.DoubleToInt64Bits(number));
            case float number: return "f" + Text(BitConverter.SingleToInt32Bits(number));
            case Enum choice: return Text(Convert.ToInt32(choice, CultureInfo.InvariantCulture));
            case IMessage message: return "{" + string.Join(",", Properties(message)) + "}";
            case IDictionary map: return "[" + string.Join(",", Entries(map)) + "]";
            case IList list: return "[" + string.Join(",", list.Cast<object>().Select(Text)) + "]";
            default: return Convert.ToString(value, CultureInfo.InvariantCulture);
        }
    }

    private static IEnumerable<string> Entries(IDictionary map)
    {
        return map.Keys.Cast<object>()
            .Select(key => Text(key) + ":" + Text(map[key]))
            .OrderBy(entry => entry, StringComparer.Ordinal);
    }

    private static IEnumerable<string> Properties(IMessage message)
    {
        return message.GetType().GetProperties()
            .Select(property => property.Name + "=" + Text(property.GetValue(message)))
            .OrderBy(property => property, StringComparer.Ordinal);
    }

    private static string Hex(byte[] bytes)
    {
        return string.Concat(bytes.Select(each => each.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
