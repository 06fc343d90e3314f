using System;
using Swash.V1;
using UnityEngine;

namespace Swash
{
    /// <summary>One control of an effect and where it stands: a number, or the name of a choice.</summary>
    [Serializable]
    public sealed class SoundParameter
    {
        [SerializeField, Tooltip("The parameter's name, as ListEffects gives it: \"intensity\".")]
        private string _name = "";

        [SerializeField, Tooltip("Its value, within the effect's minimum and maximum and in its unit.")]
        private double _number;

        [SerializeField, Tooltip("One of its choices; leave it empty for a number.")]
        private string _choice = "";

        /// <summary>Makes one without a name, for the inspector.</summary>
        public SoundParameter()
        {
        }

        /// <summary>Makes a number.</summary>
        public SoundParameter(string name, double number)
        {
            _name = name;
            _number = number;
        }

        /// <summary>Makes a choice.</summary>
        public SoundParameter(string name, string choice)
        {
            _name = name;
            _choice = choice;
        }

        /// <summary>The parameter's name in the contract.</summary>
        public string Name => _name;

        /// <summary>Whether it is a choice, and no number.</summary>
        public bool IsChoice => !string.IsNullOrEmpty(_choice);

        /// <summary>The number; it counts only where there is no choice.</summary>
        public double Number => _number;

        /// <summary>The choice; empty of a number.</summary>
        public string Choice => _choice;

        /// <summary>Moves it to a number.</summary>
        public void Set(double number)
        {
            _number = number;
            _choice = "";
        }

        /// <summary>Moves it to a choice.</summary>
        public void Set(string choice) => _choice = choice;

        /// <summary>Returns what travels.</summary>
        public ParameterValue ToValue() =>
            IsChoice ? new ParameterValue { Choice = _choice } : new ParameterValue { Number = _number };

        /// <summary>Returns whether both mean the same.</summary>
        internal bool SameAs(SoundParameter other) =>
            _name == other._name && _choice == other._choice && (IsChoice || _number.Equals(other._number));

        internal SoundParameter Copy() => (SoundParameter)MemberwiseClone();
    }
}
