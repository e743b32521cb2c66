package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// placeVariable is the environment variable that says where stores are.
const placeVariable = "WORKGEN_STORE"

// Place returns the directory below which stores are that are opened by their names:
// that of the environment variable WORKGEN_STORE, or else workgen in the user's cache.
func Place() (string, error) {
	if base := os.Getenv(placeVariable); base != "" {
		return base, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: set %s to a directory", err, placeVariable)
	}
	return filepath.Join(cache, "workgen"), nil
}

// Dir returns the directory that Open uses for a store of some name, in Place.
func Dir(name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		return "", fmt.Errorf("store name %q: give the name of a directory, without slashes", name)
	}
	base, err := Place()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, name), nil
}

// Exists tells whether there is a store in a directory.
func Exists(dir string) bool {
	all, err := databases(dir)
	return len(all) > 0 && err == nil
}

// CheckVersion returns a *VersionError if the store in a directory was written by an older
// version of this package, so that Open would set it aside, or by a newer one. What else may
// be wrong with the store Open says.
func CheckVersion(dir string) error {
	s := &Store{dir: dir, access: readOnly}
	if _, err := s.find(); err != nil {
		return nil
	}
	v, err := s.versionOf()
	switch {
	case err == nil && v > 0 && v < schemaVersion:
		return &VersionError{Dir: dir, Have: v, Knows: schemaVersion}
	case errors.As(err, new(*VersionError)):
		return err
	}
	return nil
}

// Names returns the names of the stores in Place, sorted.
func Names() ([]string, error) {
	base, err := Place()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(base)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if Exists(filepath.Join(base, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
