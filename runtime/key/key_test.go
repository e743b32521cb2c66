package key_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
	"pgregory.net/rapid"
)

func TestKeyTextGoesBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := key.Key(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		if got, err := key.Parse(k.String()); err != nil || got != k {
			t.Errorf("Parse(%s) is %s, %v", k, got, err)
		}
		text, err := json.Marshal(map[key.Key]key.Key{k: k})
		if err != nil {
			t.Fatal(err)
		}
		var back map[key.Key]key.Key
		if err := json.Unmarshal(text, &back); err != nil || back[k] != k {
			t.Errorf("%s comes back as %v, %v", text, back, err)
		}
	})
}

func TestKeyTextIsLowerCaseHexadecimal(t *testing.T) {
	k := key.Key{0: 0xab, 31: 0x01}
	if diff := cmp.Diff("ab"+strings.Repeat("00", 30)+"01", k.String()); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefusesWhatStringDoesNotWrite(t *testing.T) {
	good := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"":                             "key has 0 characters: give all 64 hexadecimal digits",
		good[:63]:                      "key has 63 characters: give all 64 hexadecimal digits",
		good + "0":                     "key has 65 characters: give all 64 hexadecimal digits",
		"A" + good[1:]:                 `key has "A" at position 1: give 64 lower-case hexadecimal digits`,
		good[:63] + "g":                `key has "g" at position 64: give 64 lower-case hexadecimal digits`,
		good[:10] + "\xff" + good[11:]: `key has "\xff" at position 11: give 64 lower-case hexadecimal digits`,
	} {
		k := key.Key{1}
		if err := k.UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("error for %q is %v, want %s", text, err, want)
		}
		if k != (key.Key{1}) {
			t.Errorf("the key changed with the error for %q", text)
		}
		if got, err := key.Parse(text); err == nil || !got.IsZero() {
			t.Errorf("Parse(%q) is %s, %v", text, got, err)
		}
	}
}

func TestOnlyTheZeroKeyIsZero(t *testing.T) {
	if !(key.Key{}).IsZero() || (key.Key{31: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
}
