package backoff

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestErrorsSayWhenToTryAgain(t *testing.T) {
	plain := errors.New("busy")
	for _, test := range []struct {
		err       error
		permanent bool
		least     time.Duration
	}{
		{nil, false, 0},
		{plain, false, 0},
		{Permanent(nil), false, 0},
		{After(nil, time.Second), false, 0},
		{Permanent(plain), true, 0},
		{After(plain, time.Second), false, time.Second},
		{fmt.Errorf("so: %w", After(Permanent(plain), time.Second)), true, time.Second},
		{errors.Join(plain, Permanent(After(plain, time.Second))), true, time.Second},
	} {
		if IsPermanent(test.err) != test.permanent || Least(test.err) != test.least {
			t.Errorf("%v: permanent %t, at least %v; want %t, %v", test.err, IsPermanent(test.err), Least(test.err), test.permanent, test.least)
		}
	}
	if err := After(Permanent(plain), 1); !errors.Is(err, plain) || err.Error() != "busy" {
		t.Errorf("the marks change the error: %v", err)
	}
}
