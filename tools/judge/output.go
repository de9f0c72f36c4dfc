package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mostlygeek/llama-swap/internal/config"
)

// write renders the verdicts with a line for each case. What equals an empty config, or a model with nothing but a command, is
// left out of the cases and stands in "defaults" once.
func write(verdicts map[string]verdict) ([]byte, error) {
	plainConfig, err := defaults()
	if err != nil {
		return nil, err
	}
	plainModel := plainConfig["models"].(object)["plain"].(object)
	plainConfig["models"] = object{}

	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n\"revision\": %q,\n\"defaults\": ", revision)
	if err := line(&out, object{"config": plainConfig, "model": plainModel}); err != nil {
		return nil, err
	}
	out.WriteString(",\n\"cases\": {")
	names := make([]string, 0, len(verdicts))
	for name := range verdicts {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		v := verdicts[name]
		if settings, ok := v.Config.(object); ok {
			settings = without(settings, plainConfig)
			for id, model := range modelsOf(settings) {
				modelsOf(settings)[id] = without(model.(object), plainModel)
			}
			v.Config = settings
		}
		fmt.Fprintf(&out, "%s\n%q: ", map[bool]string{true: "", false: ","}[i == 0], name)
		if err := line(&out, v); err != nil {
			return nil, err
		}
	}
	out.WriteString("\n}\n}\n")
	return out.Bytes(), nil
}

func modelsOf(settings object) object {
	models, _ := settings["models"].(object)
	return models
}

func defaults() (object, error) {
	loaded, err := config.LoadConfigFromReader(strings.NewReader("models: {plain: {cmd: 'serve ${PORT}'}}"))
	if err != nil {
		return nil, err
	}
	return normalise(loaded), nil
}

func without(settings, standard object) object {
	rest := object{}
	for key, value := range settings {
		if !reflect.DeepEqual(value, standard[key]) {
			rest[key] = value
		}
	}
	return rest
}

func line(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1)
	return nil
}
