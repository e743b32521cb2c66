// Package tree has works over a tree of interfaces, as go/ast has them.
package tree

// Expr is an expression.
type Expr interface{ expr() }

// Ident is a name.
type Ident struct{ Name string }

// Call is a function with arguments.
type Call struct {
	Func Expr
	Args []Expr
}

// Block has statements.
type Block struct {
	List  []Expr
	Named map[string]*Block
}

func (*Ident) expr() {}
func (Call) expr()   {}
func (*Block) expr() {}

// Check takes a tree.
//
//workgen:work
type Check struct{}

// Run returns what it got.
func (Check) Run(e Expr, b *Block) (Expr, *Block) { return e, b }
