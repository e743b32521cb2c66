package plan

// Codec says how the values of a [Known] type are encoded.
type Codec int

// The codecs.
const (
	NoCodec   Codec = iota
	Location        // *time.Location: name and rules, Encoder.Location
	Integer         // big.Int: sign and magnitude
	Rational        // big.Rat: numerator and denominator
	Float           // big.Float: precision, mode, accuracy and value
	Userinfo        // url.Userinfo: name, and the password if there is one
	Handle          // unique.Handle: the value, of type Elem
	Message         // a protobuf message, reached by a pointer
	Method          // whatever Marshal appends or returns
	Quantity        // a Kubernetes resource.Quantity: format and exact number
	Runner          // the runner of a work: its EncodeKey, as of a type that is Custom
	Converted       // as Elem, the known type that it was declared as: type Stamp time.Time
)

// Copy says how the values of a type that is not walked are copied.
type Copy int

// The ways to copy.
const (
	NoCopy    Copy = iota
	ByValue        // by assignment: values share no memory that anybody writes to
	BySet          // *new(T).Set(&v), of package math/big
	ByCopy         // *new(T).Copy(&v), of package math/big
	ByMessage      // proto.Clone, of a pointer to a message
	ByMethod       // a method of the type: see Copier
)

// Copier is a method of a type that returns a deep copy of a value.
type Copier struct {
	Name string // "" when the type has none
	// Pointer says that it returns a pointer to the copy.
	Pointer bool
}

// Marshal is the method that encodes the values of a type.
type Marshal struct {
	Name string
	// Append says that it appends to a slice that it is given.
	Append bool
	// Mode is the word of the directive: binary, text or json.
	Mode string
}

// Unmarshal is the name of the method that reads what m writes.
func (m Marshal) Unmarshal() string { return unmarshalNames[m.Mode] }

// ByPointer reports whether values of t can only be encoded and copied where
// they are reached by a pointer.
func (t *Type) ByPointer() bool { return t.Codec == Message }

// copies reports whether values of t, which is not walked, can be copied.
func (t *Type) copies() bool { return t.Copy != NoCopy }
