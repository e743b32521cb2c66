package worktest_test

import (
	"flag"
	"testing"
	"testing/synctest"
)

// inBubble stands for synctest.Test in examples, which have no t. In a test, write
//
//	func TestNightly(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			…
//		})
//	}
func inBubble(f func(t *testing.T)) {
	for name, value := range map[string]string{"test.v": "false", "test.count": "1", "test.skip": ""} { // or it prints, or does so twice
		before := flag.Lookup(name).Value.String()
		flag.Set(name, value)
		defer flag.Set(name, before)
	}
	all := func(string, string) (bool, error) { return true, nil }
	testing.RunTests(all, []testing.InternalTest{{Name: "Example", F: func(t *testing.T) { synctest.Test(t, f) }}})
}
