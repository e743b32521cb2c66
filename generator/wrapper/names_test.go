package wrapper

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFieldNamesAreExportedAndDistinct(t *testing.T) {
	names := []string{"day", "Day", "_day", "", "_", "arg5", "日", "éclair", "encodeKey", "string"}
	want := []string{"Day", "Day2", "Day3", "Arg4", "Arg5", "Arg52", "X日", "Éclair", "EncodeKey2", "String2"}
	if diff := cmp.Diff(want, ArgFields(names)); diff != "" {
		t.Error(diff)
	}
	want = []string{"Day", "Day2", "Day3", "R4", "R5", "Arg5", "X日", "Éclair", "EncodeKey"}
	if diff := cmp.Diff(want, ResultFields(names[:9])); diff != "" {
		t.Error(diff)
	}
}

func TestInitialismsAreInOneCase(t *testing.T) {
	names := []string{"id", "userId", "httpUrl", "URL", "ids", "idea", "id2", "utf8", "user_id", "HttpServer", "xID", "日"}
	want := []string{"ID", "UserID", "HTTPURL", "URL", "Ids", "Idea", "ID2", "UTF8", "User_ID", "HTTPServer", "XID", "X日"}
	if diff := cmp.Diff(want, ArgFields(names)); diff != "" {
		t.Error(diff)
	}
}

func TestGeneratedNamesFollowTheWorksVisibility(t *testing.T) {
	for _, test := range []struct {
		work    string
		results int
		want    Names
	}{
		{"Fetch", 1, Names{Runner: "FetchRunner", Constructor: "NewFetchRunner", Args: "FetchArgs"}},
		{"fetch", 2, Names{Runner: "fetchRunner", Constructor: "newFetchRunner", Args: "fetchArgs", Result: "fetchResult"}},
		{"übung", 0, Names{Runner: "übungRunner", Constructor: "newÜbungRunner", Args: "übungArgs"}},
		{"_x", 0, Names{Runner: "_xRunner", Constructor: "new_xRunner", Args: "_xArgs"}},
	} {
		if diff := cmp.Diff(test.want, NamesOf(test.work, test.results)); diff != "" {
			t.Error(test.work, diff)
		}
	}
}
