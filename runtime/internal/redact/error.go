package redact

import (
	"errors"

	"github.com/workgen/workgen/runtime/preview"
)

// Error returns an error as it is to be recorded: err itself, unless its text quotes a
// secret. Then it has another text, and no Unwrap, by which the text could be had; but
// errors.Is and errors.As tell it apart as err. If standIn is not nil, As finds first what
// that returns for err, for errors that have secrets in their fields. No lock may be held:
// methods of the user's are called.
func Error(err error, standIn func(error) error) error {
	if err == nil || !Any() {
		return err
	}
	text := preview.Error(err)
	clean := Text(text)
	if clean == text {
		return err
	}
	r := &redactedError{text: clean, err: err}
	if standIn != nil {
		r.instead = standIn(err)
	}
	return r
}

type redactedError struct {
	text         string
	err, instead error
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }

func (e *redactedError) As(target any) bool {
	return e.instead != nil && errors.As(e.instead, target) || errors.As(e.err, target)
}
