/** Numbers for people; a number and its unit stay in one line. */

const NOTHING = "–";
const WRITTEN = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

/** Returns a number of three digits or so: 0.012, 3.4, 128, 12,345; a dash for none. */
export function few(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return "0";
  if (value < 0.001) return value.toExponential(0);
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return WRITTEN.format(Number(value.toFixed(digits)));
}

export function rate(value: number | undefined): string {
  return value === undefined ? NOTHING : `${few(value)}/s`;
}

export function perMinute(value: number | undefined): string {
  return value === undefined ? NOTHING : `${few(value)}/min`;
}

/** Returns milliseconds; from a second on, seconds. */
export function time(valueMs: number | undefined | null): string {
  if (valueMs === undefined || valueMs === null) return NOTHING;
  return valueMs >= 1000 ? `${few(valueMs / 1000)}\u00a0s` : `${few(valueMs)}\u00a0ms`;
}

export function percent(share: number | undefined): string {
  return share === undefined ? NOTHING : `${Math.round(share * 100)}\u00a0%`;
}

export function whole(value: number | undefined): string {
  return value === undefined ? NOTHING : few(Math.round(value));
}

/** Returns MiB; from 1024 of them on, GiB. */
export function size(mib: number | undefined): string {
  if (mib === undefined) return NOTHING;
  return mib >= 1024 ? `${few(mib / 1024)}\u00a0GiB` : `${few(mib >= 10 ? Math.round(mib) : mib)}\u00a0MiB`;
}

/** Returns how long something lasts: "42 s", "3 min", "2 h 5 min", "4 d 3 h". */
export function lasting(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${Math.floor(seconds)}\u00a0s`;
  if (hours < 1) return `${minutes}\u00a0min`;
  return hours < 24 ? `${hours} h ${minutes % 60}\u00a0min` : `${Math.floor(hours / 24)}\u00a0d ${hours % 24}\u00a0h`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Returns the time of day of a moment, seconds since 1970: "19:04:23". */
export function clock(atS: number): string {
  return CLOCK.format(atS * 1000);
}
