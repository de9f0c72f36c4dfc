/**
 * The time at the head of a log line, in the layouts that a llama-swap config may name (spec §2.7).
 *
 * @module
 */

/** Where local time stands against UTC at some instant. */
export interface Zone {
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
  /** What the zone is called, such as `CET`. */
  readonly abbreviation: string;
}

/** The parts that layouts are made of; numbers are padded already, except {@link Parts.plainHour}. */
interface Parts {
  readonly year: string;
  readonly month: string;
  readonly monthName: string;
  readonly day: string;
  /** The day with a space where a zero would stand. */
  readonly spacedDay: string;
  readonly dayName: string;
  readonly clock: string;
  readonly hour: string;
  readonly minute: string;
  /** 1–12. */
  readonly plainHour: number;
  readonly half: "AM" | "PM";
  /** Three digits: the runtime's clock has no finer ones. */
  readonly milliseconds: string;
  /** `+0100`. */
  readonly offset: string;
  /** `+01:00`, `Z` for UTC. */
  readonly isoOffset: string;
  readonly zone: string;
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

const LAYOUTS: Readonly<Record<string, (p: Parts) => string>> = {
  ansic: (p) => `${p.dayName.slice(0, 3)} ${p.monthName} ${p.spacedDay} ${p.clock} ${p.year}`,
  unixdate: (p) => `${p.dayName.slice(0, 3)} ${p.monthName} ${p.spacedDay} ${p.clock} ${p.zone} ${p.year}`,
  rubydate: (p) => `${p.dayName.slice(0, 3)} ${p.monthName} ${p.day} ${p.clock} ${p.offset} ${p.year}`,
  rfc822: (p) => `${p.day} ${p.monthName} ${p.year.slice(-2)} ${p.hour}:${p.minute} ${p.zone}`,
  rfc822z: (p) => `${p.day} ${p.monthName} ${p.year.slice(-2)} ${p.hour}:${p.minute} ${p.offset}`,
  rfc850: (p) => `${p.dayName}, ${p.day}-${p.monthName}-${p.year.slice(-2)} ${p.clock} ${p.zone}`,
  rfc1123: (p) => `${p.dayName.slice(0, 3)}, ${p.day} ${p.monthName} ${p.year} ${p.clock} ${p.zone}`,
  rfc1123z: (p) => `${p.dayName.slice(0, 3)}, ${p.day} ${p.monthName} ${p.year} ${p.clock} ${p.offset}`,
  rfc3339: (p) => `${p.year}-${p.month}-${p.day}T${p.clock}${p.isoOffset}`,
  rfc3339nano: (p) => `${p.year}-${p.month}-${p.day}T${p.clock}${shortFraction(p.milliseconds)}${p.isoOffset}`,
  kitchen: (p) => `${p.plainHour}:${p.minute}${p.half}`,
  stamp: (p) => `${p.monthName} ${p.spacedDay} ${p.clock}`,
  stampmilli: (p) => `${p.monthName} ${p.spacedDay} ${p.clock}.${p.milliseconds}`,
  stampmicro: (p) => `${p.monthName} ${p.spacedDay} ${p.clock}.${p.milliseconds}000`,
  stampnano: (p) => `${p.monthName} ${p.spacedDay} ${p.clock}.${p.milliseconds}000000`,
};

/** The names that {@link formatTime} knows, in lower case. */
export const TIME_LAYOUTS: readonly string[] = Object.keys(LAYOUTS);

/** Writes `instant` in the layout of this name, in any case; `null` when there is no such layout. */
export function formatTime(layout: string, instant: Date, zone: Zone = localZone(instant)): string | null {
  const name = layout.trim().toLowerCase();
  const write = Object.hasOwn(LAYOUTS, name) ? LAYOUTS[name] : undefined;
  return write === undefined ? null : write(partsOf(instant, zone));
}

function partsOf(instant: Date, { offsetMinutes, abbreviation }: Zone): Parts {
  const local = new Date(instant.getTime() + offsetMinutes * 60_000); // its UTC fields are the local ones
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = local.getUTCHours();
  const [hour, minute] = [two(hours), two(local.getUTCMinutes())];
  const sign = offsetMinutes < 0 ? "-" : "+";
  const [east, rest] = [two(Math.trunc(Math.abs(offsetMinutes) / 60)), two(Math.abs(offsetMinutes) % 60)];
  return {
    year: String(local.getUTCFullYear()).padStart(4, "0"),
    month: two(local.getUTCMonth() + 1),
    monthName: MONTHS[local.getUTCMonth()] ?? "",
    day: two(local.getUTCDate()),
    spacedDay: String(local.getUTCDate()).padStart(2, " "),
    dayName: DAYS[local.getUTCDay()] ?? "",
    clock: `${hour}:${minute}:${two(local.getUTCSeconds())}`,
    hour,
    minute,
    plainHour: hours % 12 === 0 ? 12 : hours % 12,
    half: hours < 12 ? "AM" : "PM",
    milliseconds: String(local.getUTCMilliseconds()).padStart(3, "0"),
    offset: `${sign}${east}${rest}`,
    isoOffset: offsetMinutes === 0 ? "Z" : `${sign}${east}:${rest}`,
    zone: abbreviation,
  };
}

/** Go drops the zeros at the end, and the point with them. */
function shortFraction(milliseconds: string): string {
  const digits = milliseconds.replace(/0+$/, "");
  return digits === "" ? "" : `.${digits}`;
}

/** Locales that between them have names for many zones: `CET` is one in Britain, `EST` in America, `AEST` in Australia. */
const NAMING_LOCALES = ["en-US", "en-GB", "en-AU", "en-CA", "en-IN", "en-NZ", "en-ZA"];

/** The zone of this machine at an instant. A zone that no locale has letters for is named by its offset, as in `+03`. */
function localZone(instant: Date): Zone {
  const offsetMinutes = -instant.getTimezoneOffset();
  const known = zoneNames.get(offsetMinutes);
  if (known !== undefined) return { offsetMinutes, abbreviation: known };
  const abbreviation =
    NAMING_LOCALES.map((locale) => nameIn(locale, instant)).find((name) => /^[A-Z]{2,5}$/.test(name)) ??
      offsetName(offsetMinutes);
  zoneNames.set(offsetMinutes, abbreviation);
  return { offsetMinutes, abbreviation };
}

/** Names by offset: winter and summer time differ in it, and asking the locales costs far more than a line. */
const zoneNames = new Map<number, string>();

function nameIn(locale: string, instant: Date): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "short" }).formatToParts(instant);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function offsetName(minutes: number): string {
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const digits = String(hours).padStart(2, "0") + (rest === 0 ? "" : String(rest).padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${digits}`;
}
