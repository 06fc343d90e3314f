namespace Swash
{
    /// <summary>A field of a request that is at fault.</summary>
    public readonly struct FieldViolation
    {
        /// <summary>Says what is wrong with a field.</summary>
        public FieldViolation(string field, string description)
        {
            Field = field;
            Description = description;
        }

        /// <summary>The field's name in the contract, "duration_s".</summary>
        public string Field { get; }

        /// <summary>What was expected and what came.</summary>
        public string Description { get; }

        /// <summary>Returns both.</summary>
        public override string ToString() => Field + ": " + Description;
    }
}
