/**
 * Where Berth is meant to differ from llama-swap, case by case. `docs/compatibility.md` tells users the same.
 *
 * @module
 */

import { ABSENT, type Difference } from "./compare.ts";

/** Cases that differ for one reason. */
export interface MeantDifference {
  /** Why Berth is right to differ. */
  readonly why: string;
  /** What differs, by name of case: who refuses, or llama-swap's value and Berth's by path. */
  readonly cases: Readonly<Record<string, NonNullable<Difference>>>;
}

/** A model that serves `cmd` on `port` and sets nothing else. */
function bare(cmd: readonly string[], port: number): NonNullable<Exclude<Difference, string>>[string][1] {
  return {
    cmd: [...cmd, "--port", `${port}`],
    cmdStop: null,
    proxy: `http://localhost:${port}`,
    checkEndpoint: "/health",
    aliases: [],
    env: [],
    ttl: 0,
    unloadTimeout: 10,
    healthCheckTimeout: 120,
    concurrencyLimit: 0,
    useModelName: "",
    name: "",
    description: "",
    unlisted: false,
    metadata: {},
    capabilities: null,
    filters: { strip: [], set: {}, setByID: {} },
    timeouts: { connect: 30, keepalive: 30, responseHeader: 0, tlsHandshake: 10, expectContinue: 1, idleConn: 90 },
    sendLoadingState: false,
    ignoreWebsockets: false,
  };
}

/** The one group of models that are in no other. */
const DEFAULT_MEMBERS = "routing.groups.(default).members";

/** All of them. */
export const DIFFERENCES: readonly MeantDifference[] = [
  {
    why: "A model that nothing serves fails at its first request: at load it is found while its author looks.",
    cases: {
      command_empty: "Berth refuses",
      command_null: "Berth refuses",
      command_of_comments_only: "Berth refuses",
      model_null: "Berth refuses",
      model_without_cmd: "Berth refuses",
    },
  },
  {
    why: "A proxy that is no http address makes every request fail; at load it is found while its author looks.",
    cases: {
      peer_null: "Berth refuses",
      peer_proxy_without_scheme: "Berth refuses",
      proxy_empty: "Berth refuses",
      proxy_without_scheme: "Berth refuses",
    },
  },
  {
    why: "Nothing in place of a key is a slip; llama-swap reads it as no key, and everybody may do everything.",
    cases: { api_key_null: "Berth refuses" },
  },
  {
    why: "An unquoted key is the text that its author sees; llama-swap makes another one of it, and locks people out.",
    cases: {
      api_key_with_leading_zero_unquoted: { apiKeys: [["83"], ["0123"]] },
      peer_key_of_digits_unquoted: { "peers.p.apiKey": ["83", "0123"] },
    },
  },
  {
    why: "An environment entry without a name and a value reaches no program: Berth says so and leaves it out.",
    cases: {
      env_entry_empty: { "models.a.env": [[""], []] },
      env_entry_with_empty_name: { "models.a.env": [["=x", "A=", "B=c", "5", "true"], ["A=", "B=c"]] },
      env_entry_without_equals_sign: { "models.a.env": [["JUST_A_NAME"], []] },
    },
  },
  {
    why: "No program starts with a NUL in its environment; at load it is found while its author looks.",
    cases: { env_entry_with_nul: "Berth refuses" },
  },
  {
    why: "Nobody can ask for a model by an empty name.",
    cases: {
      alias_that_is_empty: "Berth refuses",
      model_id_empty: "Berth refuses",
      peer_model_empty: "Berth refuses",
      yaml_aliases_of_numbers_and_null: "Berth refuses",
    },
  },
  {
    why: "No socket listens on a port above 65535, and a negative limit of time means nothing.",
    cases: {
      ports_run_over_65535: "Berth refuses",
      start_port_above_65535: "Berth refuses",
      timeouts_negative: "Berth refuses",
    },
  },
  {
    why: "llama-swap takes an unknown member at load and does not start with it, and the group's name for its own.",
    cases: { group_member_unknown: "Berth refuses", group_named_default: "Berth refuses" },
  },
  {
    why:
      "A member or a priority under an alias means its model; in llama-swap it has no effect, or starts a second process.",
    cases: {
      group_member_is_an_alias: { [DEFAULT_MEMBERS]: [["a"], []], "routing.groups.one.members": [["nick"], ["a"]] },
      priority_of_an_alias: { "routing.priorities.nick": [10, ABSENT], "routing.priorities.a": [ABSENT, 10] },
    },
  },
  {
    why: "A group without settings has the defaults of a group; llama-swap gives it the opposite of two of them.",
    cases: {
      group_null: { "routing.groups.one.exclusive": [false, true], "routing.groups.one.swap": [false, true] },
    },
  },
  {
    why: "The order of the sets in the file breaks ties, as llama-swap's documentation says; it sorts them by name.",
    cases: {
      matrix_sets_with_numbers_against_name_order: {
        evictions: [["a while b, c: evicts c"], ["a while b, c: evicts b"]],
      },
      matrix_tie_against_name_order: { evictions: [["a while b, c: evicts b"], ["a while b, c: evicts c"]] },
    },
  },
  {
    why: "Loading a model twice is loading it once.",
    cases: { preload_names: { preload: [["a", "a"], ["a"]] } },
  },
  {
    why: "One value cannot fit tiny and huge models: a model's own healthCheckTimeout counts.",
    cases: { health_check_timeout_of_a_model: { "models.a.healthCheckTimeout": [60, 300] } },
  },
  {
    why: "llama-swap ends at the first probe with such a path; Berth asks for it as it is written.",
    cases: { check_endpoint_bad_escape: { "models.a.checkEndpoint": ["(no request: /%zz)", "/%zz"] } },
  },
  {
    why: "Whether a file can be written is not in the config's text: the store says it when it is opened.",
    cases: { store_in_a_missing_folder: "Berth accepts" },
  },
  {
    why: "A key that YAML reads as a number or a boolean is still a name; llama-swap loses all models, or the macros.",
    cases: {
      model_id_boolean: {
        "models.true": [ABSENT, bare(["serve"], 5800)],
        [DEFAULT_MEMBERS]: [[], ["true"]],
      },
      model_id_number: {
        "models.7": [ABSENT, bare(["serve", "seven"], 5800)],
        "models.a": [ABSENT, bare(["serve", "a"], 5801)],
        [DEFAULT_MEMBERS]: [[], ["7", "a"]],
      },
      yaml_number_key_in_a_model: "Berth accepts",
    },
  },
  {
    why:
      "What is written without quotes where text belongs is kept as it is written; llama-swap makes another text of it.",
    cases: {
      macro_value_date: "Berth accepts",
      metadata_of_every_type: { "models.a.metadata.date": ["2026-01-02T00:00:00Z", "2026-01-02"] },
      name_as_date: { "models.a.name": ["2026-01-02T00:00:00Z", "2026-01-02"] },
      name_as_number: { "models.a.description": ["1.5", "1.50"] },
      name_with_leading_zero: { "models.a.description": ["100000", "1e5"], "models.a.name": ["83", "0123"] },
    },
  },
  {
    why:
      "A variable that only a comment names need not be set, also where the rest is no YAML before its values are in.",
    cases: { env_in_comments_of_a_flow_list: "Berth accepts" },
  },
  {
    why:
      "A value of the environment arrives as it is; llama-swap writes backslashes into it unless it is in double quotes.",
    cases: {
      env_value_with_quotes_in_plain_text: {
        "models.a.description": ['say \\"hi\\" \\\\ back', 'say "hi" \\ back'],
        "models.a.name": ['it say \\"hi\\" \\\\ back', 'it say "hi" \\ back'],
      },
    },
  },
  {
    why: "An empty list switches the feature off, which llama-swap can only do with a pattern that matches nothing.",
    cases: {
      ignore_paths_empty_list: { ignorePaths: [[".*\\.(js|json|css|png|gif|jpg|jpeg|ico|txt)$"], []] },
    },
  },
  {
    why: "Two groups of one name are a mistake, as in RE2 itself; nothing here uses the names of groups.",
    cases: { ignore_paths_re2_group_named_twice: "Berth refuses" },
  },
  {
    why: '"true" in quotes can only mean true; llama-swap takes "yes" in quotes, but not "true".',
    cases: { booleans_quoted: "Berth accepts" },
  },
  {
    why: "Every spelling of null is null, and null is nothing: the default.",
    cases: {
      selector_spillover_null: "Berth accepts",
      session_headers_block_null_in_a_flow_mapping: "Berth accepts",
      set_params_by_id_null: "Berth accepts",
      spelled_null_against_a_list: "Berth accepts",
      spelled_null_in_two_files: "Berth accepts",
    },
  },
  {
    why: "A bare number where a duration belongs is a number of seconds, as everywhere else in the file.",
    cases: { performance_every_bare_number: "Berth accepts", performance_every_bare_zero: "Berth accepts" },
  },
  {
    why: "Two files that give the same number agree, however each writes it.",
    cases: { equal_numbers_written_differently_in_two_files: "Berth accepts" },
  },
  {
    why:
      "Where llama-swap only has an error, two dollar signs give a literal placeholder, which no other spelling does.",
    cases: { placeholder_of_an_unknown_name_after_a_dollar_sign: "Berth accepts" },
  },
  {
    why: "An anchor is of its file; where the merged models stand does not matter.",
    cases: { anchor_of_a_later_file_used_by_its_models: "Berth accepts" },
  },
  {
    why: "A tag that changes nothing that a config needs is refused rather than guessed at.",
    cases: { yaml_binary: "Berth refuses", yaml_custom_tag: "Berth refuses" },
  },
  {
    why: "Berth's YAML reader takes !!int before no decimal number; without the tag the number is the same.",
    cases: { yaml_tag_int_before_decimals: "Berth refuses", yaml_tagged_values: "Berth refuses" },
  },
  {
    why: "Berth's YAML reader does not tell 0o17 from the same in quotes, and both can only mean one number.",
    cases: { octal_of_yaml_1_2: "Berth accepts" },
  },
  {
    why: "A number is written out for a command, as engines read it: 1000000 and 0.00001, not 1e+06 and 1e-05.",
    cases: {
      floats_as_text: {
        "models.m.cmd": [
          ["serve", "--port", "5800", "0.7", "123456.5", "1e+06", "1", "1e-05", "1e+21", "1.23456789e+07", "-0.0001"]
            .concat("100000", "999999.9"),
          ["serve", "--port", "5800", "0.7", "123456.5", "1000000", "1", "0.00001", "1e+21", "12345678.9", "-0.0001"]
            .concat("100000", "999999.9"),
        ],
      },
    },
  },
  {
    why: "Berth's YAML reader knows fewer spellings of numbers; what it does not know stays the text that it is.",
    cases: {
      numbers_as_text: {
        "models.m.cmd": [
          ["serve", "--port", "5800", "31", "15", "15", "1000", "9007199254740993", "-5", "5", "yes", "+Inf"],
          ["serve", "--port", "5800", "31", "0o17", "15", "1000", "9007199254740993", "-5", "5", "yes", "Infinity"],
        ],
      },
      yaml_plain_scalars: {
        "models.a.metadata.+.5": [0.5, "+.5"],
        "models.a.metadata.-0o7": [-7, "-0o7"],
        "models.a.metadata.08": [8, "08"],
        "models.a.metadata.0B1": [1, "0B1"],
        "models.a.metadata.0X1f": [31, "0X1f"],
        "models.a.metadata.0o17": [15, "0o17"],
        "models.a.metadata.1_": [1, "1_"],
        "models.a.metadata.1e400": ["1e400", "+Inf"],
        "models.a.metadata.2026-01-02": ["2026-01-02T00:00:00Z", "2026-01-02"],
        "models.a.metadata.2026-1-2": ["2026-01-02T00:00:00Z", "2026-1-2"],
      },
    },
  },
];
