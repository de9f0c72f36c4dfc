import { assert, assertEquals } from "@std/assert";
import { toFile } from "openai";
import { clientTests } from "./world.ts";

/** What the fake engine tells of a form. */
interface SeenForm {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly {
    readonly field: string;
    readonly name: string;
    readonly type: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** Bytes that no text decoder leaves as they are, with line ends and boundaries' dashes among them. */
function recording(bytes: number): Uint8Array<ArrayBuffer> {
  const recorded = new Uint8Array(bytes);
  for (let at = 0, seed = 1; at < bytes; at++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    recorded[at] = at % 97 < 4 ? [13, 10, 45, 45][at % 97] ?? 0 : seed >> 16;
  }
  return recorded;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

const MIB = 1024 * 1024;

clientTests(
  "the official openai client: files",
  (engine) => `
models:
  ear: { cmd: ${engine()}, useModelName: inner-ear }
  painter: { cmd: ${engine()} }
`,
  {
    "a recording of 9 MiB arrives as it was sent, with its fields, under the name that the backend knows": async ({
      openai,
    }) => {
      const bytes = recording(9 * MIB);
      const heard = await openai.audio.transcriptions.create({
        model: "ear",
        file: await toFile(bytes, "log book, \u00fcber.wav", { type: "audio/wav" }),
        language: "de",
        timestamp_granularities: ["word", "segment"],
        temperature: 0.5,
      }) as unknown as SeenForm & { readonly text: string };
      assertEquals(heard.text, `log book, \u00fcber.wav of ${bytes.length} bytes`);
      assertEquals(heard.files.map(({ field, type, sha256 }) => [field, type, sha256]), [
        ["file", "audio/wav", await sha256(bytes)],
      ]);
      assertEquals(heard.fields, {
        model: ["inner-ear"],
        language: ["de"],
        "timestamp_granularities[]": ["word", "segment"],
        temperature: ["0.5"],
      });
    },

    "a translation, whose file comes before the model": async ({ openai }) => {
      const bytes = recording(100_000);
      const heard = await openai.audio.translations.create({
        file: await toFile(bytes, "speech.mp3", { type: "audio/mpeg" }),
        model: "ear",
      }) as unknown as SeenForm;
      assertEquals(heard.files.map(({ name, sha256 }) => [name, sha256]), [["speech.mp3", await sha256(bytes)]]);
    },

    "speech comes as bytes with their type": async ({ openai }) => {
      const response = await openai.audio.speech.create({ model: "ear", voice: "alloy", input: "ahoy" });
      assertEquals(response.headers.get("content-type"), "audio/mpeg");
      assertEquals(await response.text(), "sound of ahoy");
    },

    "images are made of a text": async ({ openai }) => {
      const { data } = await openai.images.generate({ model: "painter", prompt: "a harbour" });
      assertEquals(atob(data?.[0]?.b64_json ?? ""), "image of a harbour by painter");
    },

    "images are edited and varied, and each file arrives as it was sent": async ({ openai }) => {
      const pictures = [recording(2 * MIB), recording(300_000)];
      const files = await Promise.all(
        pictures.map((bytes, index) => toFile(bytes, `${index}.png`, { type: "image/png" })),
      );
      const edited = await openai.images.edit({ model: "painter", image: files, prompt: "more sails" });
      const seen: SeenForm = JSON.parse(atob(edited.data?.[0]?.b64_json ?? ""));
      assertEquals(seen.fields["prompt"], ["more sails"]);
      assertEquals(
        seen.files.map(({ field, sha256 }) => [field, sha256]),
        await Promise.all(pictures.map(async (bytes) => ["image[]", await sha256(bytes)])),
      );
      const [file] = files;
      assert(file !== undefined);
      const varied = await openai.images.createVariation({ model: "painter", image: file });
      assertEquals(JSON.parse(atob(varied.data?.[0]?.b64_json ?? "")).files[0].bytes, 2 * MIB);
    },
  },
);
