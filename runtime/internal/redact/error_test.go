package redact

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

// loud is an error with a secret in a field.
type loud struct{ secret string }

func (e *loud) Error() string { return "it is " + e.secret }

func TestErrorsAreRecordedWithoutSecrets(t *testing.T) {
	reset()
	Add([]string{"sesame, open"})
	quiet := errors.New("nothing in it")
	if Error(nil, nil) != nil || Error(quiet, nil) != quiet {
		t.Error("an error without secrets changes")
	}
	original := fmt.Errorf("%w: %w", fs.ErrExist, &loud{"sesame, open"})
	clean := Error(original, func(error) error { return &loud{Mark} })
	if got, want := clean.Error(), "file already exists: it is (secret)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var found *loud
	if !errors.Is(clean, fs.ErrExist) || !errors.As(clean, &found) || found.secret != Mark {
		t.Errorf("the error cannot be told apart, or shows %v", found)
	}
	if errors.Unwrap(clean) != nil {
		t.Error("the original can be had")
	}
	if clean = Error(original, nil); !errors.As(clean, &found) {
		t.Error("without another one the original is found")
	}
}
