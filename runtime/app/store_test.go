package app

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAStoreWithoutANameIsAnError(t *testing.T) {
	s, err := new(App).OpenStore()
	if s != nil || err == nil || !strings.Contains(err.Error(), "-store NAME") {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestTheStoreIsOpenedOnce(t *testing.T) {
	a := &App{StoreName: filepath.Join(t.TempDir(), "store")}
	first, err := a.OpenStore()
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.OpenStore()
	if err != nil || first != second {
		t.Errorf("the second time: %v", err)
	}
	if err := a.closeStore(); err != nil {
		t.Error(err)
	}
}
