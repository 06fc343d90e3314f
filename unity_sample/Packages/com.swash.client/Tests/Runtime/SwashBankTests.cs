using System;
using System.Collections;
using System.Collections.Generic;
using NUnit.Framework;
using UnityEngine;
using UnityEngine.TestTools;

namespace Swash.Tests
{
    public class SwashBankTests : PlayModeTest
    {
        [UnityTest]
        public IEnumerator Takes_come_in_the_order_of_their_seeds_and_differ()
        {
            SwashBank boots = Bank(seed: 40, count: 4);
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            var lengths = new HashSet<string>();
            for (int take = 0; take < 4; take++)
                lengths.Add(string.Join(",", new ArraySegment<float>(SamplesOf(boots.ClipOf(take)), 200, 20)));
            Assert.That(lengths.Count, Is.EqualTo(4));
            SwashSound second = Make<SwashSound>(sound =>
            {
                sound.Connection = Connection;
                sound.Sound.SetEffect("footsteps");
                sound.Sound.Set("surface", "gravel");
                sound.Sound.Seed = 41;
            });
            second.Prepare();
            Assert.That(second.IsReady, Is.True, "a take of a bank is a sound like any other");
            Assert.That(second.Clip, Is.EqualTo(boots.ClipOf(1)));
        }

        [UnityTest]
        public IEnumerator It_never_repeats_itself_at_once_and_strays_no_farther_than_it_may()
        {
            SwashBank boots = Bank(seed: 40, count: 4);
            boots.PitchJitterSemitones = 2f;
            boots.GainJitterDb = 6f;
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            var heard = new HashSet<int>();
            int last = -1;
            for (int step = 0; step < 200; step++)
            {
                Assert.That(boots.PlayAt(new Vector3(step, 0f, 0f)), Is.Not.Null);
                BankShot shot = boots.LastShot;
                Assert.That(shot.Take, Is.Not.EqualTo(last));
                Assert.That(12.0 * Math.Log(shot.Pitch, 2.0), Is.InRange(-2.001, 2.001));
                Assert.That(20.0 * Math.Log10(shot.Gain), Is.InRange(-6.001, 0.001));
                heard.Add(last = shot.Take);
            }
            Assert.That(heard.Count, Is.EqualTo(4));
        }

        [UnityTest]
        public IEnumerator The_same_jitter_seed_makes_the_same_choices()
        {
            SwashBank boots = Bank(seed: 40, count: 5);
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            List<BankShot> first = Shots(boots, jitterSeed: 7);
            Assert.That(Shots(boots, jitterSeed: 7), Is.EqualTo(first));
            Assert.That(Shots(boots, jitterSeed: 8), Is.Not.EqualTo(first));
        }

        [UnityTest]
        public IEnumerator A_step_sounds_where_it_is_made_while_the_last_one_still_does()
        {
            SwashBank boots = Bank(seed: 40, count: 2);
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            AudioSource left = boots.PlayAt(new Vector3(-1f, 0f, 0f));
            AudioSource right = boots.PlayAt(new Vector3(1f, 0f, 0f));
            Assert.That(left, Is.Not.EqualTo(right));
            Assert.That(left.isPlaying && right.isPlaying, Is.True);
            Assert.That(left.transform.position.x, Is.EqualTo(-1f));
            AudioSource mine = Make("mine").AddComponent<AudioSource>();
            Assert.That(boots.Play(mine), Is.True);
            Assert.That(mine.pitch, Is.EqualTo(boots.LastShot.Pitch));
        }

        [UnityTest]
        public IEnumerator Playing_too_early_brings_the_takes()
        {
            SwashBank boots = Bank(seed: 60, count: 2, enabled: false);
            boots.enabled = true;
            Assert.That(boots.Play(), Is.Null);
            foreach (object frame in Until(() => boots.IsReady, "ready"))
                yield return frame;
            Assert.That(boots.Play(), Is.Not.Null);
        }

        [UnityTest]
        public IEnumerator Takes_that_cannot_be_had_are_told_of()
        {
            SwashBank boots = Bank(seed: uint.MaxValue, count: 2);
            Assert.That(boots.IsReady || boots.IsLoading, Is.False);
            StringAssert.Contains("seed", boots.Error);
            SwashBank wrong = Bank(seed: 1, count: 1, surface: "custard");
            foreach (object frame in Until(() => wrong.Error.Length > 0, "failed"))
                yield return frame;
            StringAssert.Contains("surface", wrong.Error);
            Assert.That(wrong.Play(), Is.Null);
        }

        private static List<BankShot> Shots(SwashBank bank, long jitterSeed)
        {
            bank.JitterSeed = jitterSeed;
            var shots = new List<BankShot>();
            for (int i = 0; i < 20; i++)
            {
                bank.Play();
                shots.Add(bank.LastShot);
            }
            return shots;
        }

        private SwashBank Bank(long seed, int count, string surface = "gravel", bool enabled = true) => Make<SwashBank>(bank =>
        {
            bank.enabled = enabled;
            bank.Connection = Connection;
            bank.Sound.SetEffect("footsteps");
            bank.Sound.Set("surface", surface);
            bank.Sound.Seed = seed;
            bank.Count = count;
        });
    }
}
