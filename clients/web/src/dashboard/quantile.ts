/** Quantiles of histograms, as Prometheus computes them. */

/** How many observations are at most `le`, in the order of `le`; the last is Infinity. */
export type Buckets = readonly (readonly [le: number, count: number])[];

/**
 * Returns the `q`-quantile, 0 to 1, of what the buckets counted; undefined of nothing.
 *
 * As histogram_quantile: linear within a bucket, from 0 in the first, and never above the last finite bound.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile(q: number, buckets: Buckets): number | undefined {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (buckets.length < 2 || !(total > 0)) return undefined;
  const rank = q * total;
  const at = buckets.findIndex(([, count]) => count >= rank);
  const [end, count] = buckets[at]!;
  const [start, below] = at ? buckets[at - 1]! : [0, 0];
  if (end === Infinity) return start;
  return start + (end - start) * ((rank - below) / (count - below));
}
