package directives

// Spaced is one.
//
// want +1 `^this comment is no directive: its form makes it text; fix: write //workgen:work ttl=1h at the start of the comment$`
// workgen:work ttl=1h
type Spaced struct{}

func (Spaced) Run() {}

// want +1 `^this comment is no directive`
/* workgen:work */
type Block struct{}

// want +2 `^unknown directive //workgen:wrok; fix: write //workgen:work$`
//
//workgen:wrok ttl=1h
type Letters struct{}

func (Letters) Run() {}

// want +2 `^work Option: unknown option "tttl"; fix: write ttl$` `unknown option "entrys"`
//
//workgen:work tttl=1h entrys=3
type Option struct{}

func (Option) Run() {}

// want +2 `^unknown directive //workgen:frobnicate; fix: write one of //workgen:work, //workgen:allow, //workgen:encode, //workgen:oneof, //workgen:ignore$`
//
//workgen:frobnicate
type Other struct{}
