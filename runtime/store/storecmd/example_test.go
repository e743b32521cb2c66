package storecmd_test

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

func Example() {
	root := &cobra.Command{Use: "look", Short: "Look into a store in a directory"}
	dir := root.PersistentFlags().String("dir", "", "`directory` of the store")
	storecmd.Add(root, storecmd.Tool{
		Name: "look",
		Open: func(_ context.Context, a storecmd.Access) (store.Administrator, string, error) {
			if !disk.Exists(*dir) {
				return nil, "", fmt.Errorf("there is no store in %s", *dir)
			}
			s, err := disk.Open("", disk.Options{Dir: *dir, ReadOnly: a.ReadOnly, Manual: true, MaxAge: a.MaxAge})
			return s, *dir, err
		},
	})
	args := []string{"ls", "-dir", "nowhere"} // os.Args[1:]
	status := storecmd.Run(root, args, os.Stdin, os.Stdout, os.Stdout)
	fmt.Println("exit status", status)
	// Output:
	// look: there is no store in nowhere
	// exit status 2
}
