// Package ids has works over types of github.com/google/uuid.
package ids

import "github.com/google/uuid"

// Find takes identifiers.
//
//workgen:work
type Find struct{}

// Run returns what it got.
func (Find) Run(id uuid.UUID, all []uuid.UUID, maybe uuid.NullUUID) []uuid.UUID { return all }
