// Package outer has a type that is declared as another.
package outer

import "time"

// Stamp is a time without its methods.
type Stamp time.Time
