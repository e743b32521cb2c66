package peers

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

type (
	// Order is a struct of structs, with pointers, a slice and a map.
	Order struct {
		ID        int64
		Customer  Customer
		Lines     []Line
		Labels    map[string]string
		Shipping  *Address
		Billing   *Address
		Discount  *float64
		Placed    time.Time
		Paid      bool
		Reference [16]byte
	}
	// Customer is a part of an Order.
	Customer struct {
		Name    string
		Email   string
		Address *Address
		Tags    []string
	}
	// Address is a part of an Order.
	Address struct {
		Street, City, Zip, Country string
	}
	// Line is a part of an Order.
	Line struct {
		SKU      string
		Quantity int
		Price    float64
		Gift     bool
		Note     *string
	}

	// Record is one of many alike.
	Record struct {
		ID     uint64
		Name   string
		Score  float64
		Level  int32
		Active bool
	}

	// Node is a tree.
	Node struct {
		Name        string
		Value       int64
		Left, Right *Node
	}
)

// Each work stands for a shape of its arguments.
type (
	// Nested takes a struct of structs.
	//
	//workgen:work version=1
	Nested struct{}

	// Records takes 1,000 structs.
	//
	//workgen:work version=1
	Records struct{}

	// Pod takes what Kubernetes says of a pod.
	//
	//workgen:work version=1
	Pod struct{}

	// Tree takes a tree of 1,000 nodes.
	//
	//workgen:work version=1
	Tree struct{}

	// Table takes a map of 1,000 entries.
	//
	//workgen:work version=1
	Table struct{}

	// Blob takes 1 MiB of bytes.
	//
	//workgen:work version=1
	Blob struct{}

	// Series takes a million numbers.
	//
	//workgen:work version=1
	Series struct{}
)

// Run returns the number of lines.
func (Nested) Run(order *Order) int { return len(order.Lines) }

// Run returns the number of records.
func (Records) Run(records []Record) int { return len(records) }

// Run returns the number of containers.
func (Pod) Run(spec *corev1.PodSpec) int { return len(spec.Containers) }

// Run returns the root's value.
func (Tree) Run(root *Node) int64 { return root.Value }

// Run returns the number of entries.
func (Table) Run(table map[string]int64) int { return len(table) }

// Run returns the number of bytes.
func (Blob) Run(blob []byte) int { return len(blob) }

// Run returns how many numbers there are.
func (Series) Run(series []float64) int { return len(series) }
