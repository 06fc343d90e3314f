using System;
using Swash.V1;

namespace Swash.Editor
{
    /// <summary>Where a parameter's value stands on its slider, so that equal ways sound like equal steps.</summary>
    public static class ParameterScale
    {
        /// <summary>Returns where a value stands, 0 at the minimum to 1 at the maximum.</summary>
        public static float ToPosition(Parameter parameter, double value)
        {
            var reach = parameter.Maximum - parameter.Minimum;
            if (!(reach > 0.0)) return 0f;
            var position = IsLogarithmic(parameter)
                ? Math.Log(Math.Max(value, parameter.Minimum) / parameter.Minimum) / Math.Log(parameter.Maximum / parameter.Minimum)
                : (value - parameter.Minimum) / reach;
            return (float)Math.Max(0.0, Math.Min(1.0, position));
        }

        /// <summary>Returns the value at a place of the slider, in the parameter's unit, to four digits.</summary>
        public static double ToValue(Parameter parameter, float position)
        {
            if (position <= 0f) return parameter.Minimum;
            if (position >= 1f) return parameter.Maximum;
            var value = IsLogarithmic(parameter)
                ? parameter.Minimum * Math.Pow(parameter.Maximum / parameter.Minimum, position)
                : parameter.Minimum + (parameter.Maximum - parameter.Minimum) * position;
            return Clamp(parameter, Round(value));
        }

        /// <summary>Returns the nearest value that the parameter takes; its minimum for what is no number.</summary>
        public static double Clamp(Parameter parameter, double value) =>
            double.IsNaN(value) ? parameter.Minimum : Math.Max(parameter.Minimum, Math.Min(parameter.Maximum, value));

        private static bool IsLogarithmic(Parameter parameter) =>
            parameter.Curve == Curve.Logarithmic && parameter.Minimum > 0.0;

        private static double Round(double value)
        {
            if (value == 0.0) return 0.0;
            var digits = 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
            return Math.Round(value, Math.Max(0, Math.Min(15, digits)));
        }
    }
}
