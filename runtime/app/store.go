package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// OpenStore opens the store on disk that StoreName names, for runtime.WithStore,
// and makes it if there is none. It is an error when StoreName is empty: programs for
// which a store is a choice look at that first. The app closes the store at the end of
// Main; who calls Run closes it himself.
func (a *App) OpenStore() (store.Store, error) {
	if a.StoreName == "" {
		return nil, errNoStore
	}
	if a.site.store != nil {
		return a.site.store, nil
	}
	name, options := a.StoreName, disk.Options{}
	if strings.ContainsAny(name, `/\`) {
		name, options.Dir = "", name
	}
	s, err := disk.Open(name, options)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	a.site.store = s
	return s, nil
}

var errNoStore = errors.New("app: no store is named, so nothing would be kept: set StoreName, or start the program with -store NAME")

// closeStore closes the store if the app has opened it.
func (a *App) closeStore() error {
	if a.site.store == nil {
		return nil
	}
	return a.site.store.Close()
}
