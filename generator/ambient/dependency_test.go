package ambient_test

import (
	"testing"

	"github.com/workgen/workgen/generator/ambient"
)

func TestWhatTellsAVersionIsKnownByItsName(t *testing.T) {
	for name, want := range map[string]bool{
		"version.Get": true, "lib.goVersion": true, "Client.Version": true, "api_version": true, "": false, "conversion.New": false, "lib.Versions": false,
	} {
		if got := ambient.TellsVersion(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestWhatLibrariesDoOnTheSideIsKnownByItsName(t *testing.T) {
	for name, want := range map[string]bool{
		"log": true, "Logger.Print": true, "tracer.write": true, "startMetricTimer": true, "Client.logf": true, "write_log": true,
		"DefaultBackoff": true, "getOrAddRequestUserAgent": true, "Retry": true,
		"logger.Msg.String": true, "retry.Do": true, "": false, "Login": false, "Catalog.Get": false, "backtrace": false, "Load": false, "Dialog.Log10": false, "LOG": false,
	} {
		if got := ambient.IsAside(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
