package plan

import (
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/diag"
)

// knownType is what is known of one type of the standard library whose fields
// cannot be read, or say too little.
type knownType struct {
	codec Codec
	copy  Copy
	// what says, of a type that is no input, what its values are: "a lock".
	// There is then no codec.
	what string
	// unlike replaces the reason why the type cannot be keyed, for those of
	// which "is … and no input" is not the point.
	unlike string
	// advice is what to do instead of passing such a value; "" for what is
	// advised of any type.
	advice string
	// caution is when a directive that has the type encoded by a method is right, in
	// spite of unlike.
	caution string
	// once says that whoever uses such a value changes it, as reading a stream
	// does: no second caller could be given it.
	once bool
	// aside says that no result depends on such a value, whatever it is used for.
	aside bool
}

// knownTypes are the types of the standard library, and a few others that are
// everywhere, that need more than a walk. Those with exported fields alone (net.IPNet, sql.NullString, url.URL) and
// those that are plain (time.Duration, json.Number) are not among them.
var knownTypes = map[string]knownType{
	"math/big.Int":       {codec: Integer, copy: BySet},
	"math/big.Rat":       {codec: Rational, copy: BySet},
	"math/big.Float":     {codec: Float, copy: ByCopy},
	"net/url.Userinfo":   {codec: Userinfo, copy: ByValue},
	"net/netip.Addr":     {codec: Method, copy: ByValue},
	"net/netip.AddrPort": {codec: Method, copy: ByValue},
	"net/netip.Prefix":   {codec: Method, copy: ByValue},
	"unique.Handle":      {codec: Handle, copy: ByValue},

	// Its JSON takes ten times as long, and does not tell all of them apart.
	"k8s.io/apimachinery/pkg/api/resource.Quantity": {codec: Quantity, copy: ByMethod},

	// A pointer to it is known: see fillPointer.
	"time.Location": {unlike: "a time.Location is known by its pointer and must not be copied", advice: "pass a *time.Location"},

	"regexp.Regexp": {copy: ByValue, unlike: "a regexp.Regexp does not tell all of how it matches: its text is the same with POSIX rules and without", advice: "pass the expression as a string and compile it in Run", caution: "no Regexp is compiled with POSIX rules or made Longest"},

	"sync.Mutex":     {what: "a lock", aside: true},
	"sync.RWMutex":   {what: "a lock", aside: true},
	"sync.Once":      {what: "a lock", aside: true},
	"sync.Cond":      {what: "a lock", aside: true},
	"sync.Locker":    {what: "a lock", aside: true},
	"sync.WaitGroup": {what: "a lock", aside: true},
	"sync.Pool":      {what: "a store of spare values", aside: true},
	"sync.Map":       {what: "a map that changes at any time", advice: "pass a plain map with what is in it"},

	"sync/atomic.Bool":    {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Int32":   {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Int64":   {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Uint32":  {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Uint64":  {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Uintptr": {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Pointer": {what: "a variable that changes at any time", advice: adviceLoad},
	"sync/atomic.Value":   {what: "a variable that changes at any time", advice: adviceLoad},

	"context.Context": {what: "the fate of one call", advice: "take the context as the first parameter of Run", once: true},
	"reflect.Value":   {what: "a view of a variable", advice: "pass the variable's value as what it is"},
	"reflect.Type":    {what: "a description of a type that differs between programs", advice: "pass the name of the type as a string"},

	"net/http.Client":           {what: "a way to reach servers"},
	"net/http.Server":           {what: "a running server"},
	"net/http.Transport":        {what: "a pool of connections"},
	"net/http.Request":          {what: "a request with a body that is read once", advice: "pass the method, the URL and what was read of the body", once: true},
	"net/http.Response":         {what: "a response with a body that is read once", advice: "pass what was read of the body", once: true},
	"net/http.ResponseWriter":   {what: "a place to write to", once: true},
	"net.Conn":                  {what: "a connection", once: true},
	"net.Listener":              {what: "a listening socket", once: true},
	"database/sql.DB":           {what: "a pool of connections"},
	"database/sql.Conn":         {what: "a connection", once: true},
	"database/sql.Tx":           {what: "a transaction under way", once: true},
	"database/sql.Stmt":         {what: "a prepared statement"},
	"database/sql.Rows":         {what: "a result that is read once", advice: "pass the rows that were read from it", once: true},
	"database/sql.Row":          {what: "a result that is read once", advice: "pass what was read from it", once: true},
	"os.File":                   {what: "an open file", advice: adviceFile, once: true},
	"os.Process":                {what: "a running process", once: true},
	"os/exec.Cmd":               {what: "a command to run", advice: "pass its arguments", once: true},
	"io.Reader":                 {what: "a stream that is read once", advice: adviceStream, once: true},
	"io.ReadCloser":             {what: "a stream that is read once", advice: adviceStream, once: true},
	"io.ReadSeeker":             {what: "a stream", advice: adviceStream, once: true},
	"io.ReaderAt":               {what: "a stream", advice: adviceStream},
	"io.Writer":                 {what: "a place to write to", advice: "return what is to be written", once: true},
	"io.WriteCloser":            {what: "a place to write to", advice: "return what is to be written", once: true},
	"io/fs.FS":                  {what: "a way to reach files", advice: adviceFile},
	"bytes.Buffer":              {what: "a buffer that changes when it is read", advice: "pass its Bytes()", once: true},
	"bytes.Reader":              {what: "a stream that is read once", advice: "pass the bytes themselves", once: true},
	"strings.Builder":           {what: "a text that is being written", advice: "pass its String()", once: true},
	"strings.Reader":            {what: "a stream that is read once", advice: "pass the string itself", once: true},
	"bufio.Reader":              {what: "a stream that is read once", advice: adviceStream, once: true},
	"bufio.Writer":              {what: "a place to write to", advice: "return what is to be written", once: true},
	"bufio.Scanner":             {what: "a stream that is read once", advice: adviceStream, once: true},
	"encoding/json.Decoder":     {what: "a stream that is read once", advice: adviceStream, once: true},
	"encoding/json.Encoder":     {what: "a place to write to", advice: "return what is to be written", once: true},
	"encoding/xml.Decoder":      {what: "a stream that is read once", advice: adviceStream, once: true},
	"encoding/xml.Encoder":      {what: "a place to write to", advice: "return what is to be written", once: true},
	"encoding/gob.Decoder":      {what: "a stream that is read once", advice: adviceStream, once: true},
	"encoding/gob.Encoder":      {what: "a place to write to", advice: "return what is to be written", once: true},
	"log.Logger":                {what: "a place to write to"},
	"log/slog.Logger":           {what: "a place to write to"},
	"text/template.Template":    {what: "a compiled template", advice: "pass the text of the template and parse it in Run"},
	"html/template.Template":    {what: "a compiled template", advice: "pass the text of the template and parse it in Run"},
	"math/rand.Rand":            {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand.Source":          {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand/v2.Rand":         {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand/v2.Source":       {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand/v2.PCG":          {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand/v2.ChaCha8":      {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"math/rand/v2.Zipf":         {what: "a source that changes with each number", advice: adviceSeed, once: true},
	"hash.Hash":                 {what: "a sum under way", advice: adviceSum, once: true},
	"hash.Hash32":               {what: "a sum under way", advice: adviceSum, once: true},
	"hash.Hash64":               {what: "a sum under way", advice: adviceSum, once: true},
	"hash/maphash.Hash":         {what: "a sum under way", advice: adviceSum, once: true},
	"hash/maphash.Seed":         {what: "drawn anew in every process"},
	"time.Timer":                {what: "a running clock", advice: "pass the time or the duration it was set to", once: true},
	"time.Ticker":               {what: "a running clock", advice: "pass the time or the duration it was set to", once: true},
	"testing.T":                 {what: "a running test", once: true},
	"testing.B":                 {what: "a running benchmark", once: true},
	"testing.F":                 {what: "a running test", once: true},
	"testing.M":                 {what: "a running test", once: true},
	"testing.TB":                {what: "a running test", once: true},
	"crypto/tls.Conn":           {what: "a connection", once: true},
	"crypto/cipher.Block":       {what: "a cipher", advice: "pass the cipher's key"},
	"crypto/cipher.AEAD":        {what: "a cipher", advice: "pass the cipher's key"},
	"plugin.Plugin":             {what: "loaded code"},
	"weak.Pointer":              {what: "a pointer that may vanish at any time", advice: "pass what it points to", once: true},
	"runtime.Func":              {what: "a place in this program"},
	"encoding/csv.Reader":       {what: "a stream that is read once", advice: adviceStream, once: true},
	"mime/multipart.Reader":     {what: "a stream that is read once", advice: adviceStream, once: true},
	"mime/multipart.Form":       {what: "an upload whose files are read once", advice: "pass the content that was read", once: true},
	"mime/multipart.FileHeader": {what: "an upload that is opened to be read", advice: "pass the content that was read", once: true},
	"archive/zip.Reader":        {what: "a stream", advice: adviceStream},
	"archive/tar.Reader":        {what: "a stream that is read once", advice: adviceStream, once: true},
}

// What to do instead.
const (
	adviceLoad   = "pass what Load returns"
	adviceFile   = "pass the path as a key.File, whose content is then the input"
	adviceStream = "pass the bytes, or a key.File whose content is then the input"
	adviceSeed   = "pass the seed and make the source in Run"
	adviceSum    = "pass what is to be hashed, or what Sum returns"
)

// lookupKnown returns what is known of a named type.
func lookupKnown(named *types.Named) (knownType, bool) {
	obj := named.Obj()
	if obj.Pkg() == nil {
		return knownType{}, false
	}
	k, ok := knownTypes[obj.Pkg().Path()+"."+obj.Name()]
	return k, ok
}

// fillKnown describes node if its type is one that is known, a protobuf
// message, or one that a directive is about; it reports false otherwise.
func (d *describer) fillKnown(node *Type) bool {
	named := node.Named
	if named == nil {
		return false
	}
	if work := d.heldWork(named); work != nil && node.Custom {
		d.fillRunner(node, work)
		return true
	}
	node.Copier = d.copierOf(named)
	if e := d.directive(named); e != nil {
		return d.fillMarshal(node, e)
	}
	if isMessage(named) {
		node.Kind, node.Codec, node.Copy = Known, Message, ByMessage
		return true
	}
	k, ok := lookupKnown(named)
	switch {
	case !ok:
		return d.fillConverted(node)
	case types.IsInterface(named):
		return false // an interface may yet be one whose types are known
	}
	d.fillLookedUp(node, k)
	return true
}

// noInput ends the reasons why types that are no data are no inputs.
const noInput = " and no input"

// fillLookedUp describes a type of the table.
func (d *describer) fillLookedUp(node *Type, k knownType) {
	named := node.Named
	node.At, node.Advice, node.Aside, node.Cautioned = named.Obj().Pos(), k.advice, k.aside, k.caution
	name := article(diag.TypeString(named, d.qualify))
	switch {
	case k.what != "":
		node.Kind, node.Reason = Opaque, name+" is "+k.what+noInput
		node.CopyReason = name + " is " + k.what + " and cannot be copied"
	case k.unlike != "":
		node.Kind, node.Reason, node.CopyReason = Opaque, k.unlike, k.unlike
	default:
		node.Kind, node.Codec = Known, k.codec
	}
	node.Copy = k.copy
	switch k.codec {
	case Method:
		node.Marshal, _ = marshalOf(named, "binary")
	case Rational:
		node.Elem = d.describe(d.integer(named))
	case Handle:
		node.Elem = d.describe(named.TypeArgs().At(0))
	}
}

// noInput reports whether an interface is known to be no input, though its types
// might be found.
func (d *describer) noInput(node *Type) bool {
	if node.Named == nil {
		return false
	}
	_, ok := lookupKnown(node.Named)
	return ok
}

// fillOpen describes an interface that can hold a value of any type.
func (d *describer) fillOpen(node *Type, at token.Pos) {
	d.opaque(node, "an interface can hold a value of any type", at)
	if node.Named == nil {
		return
	}
	if k, ok := lookupKnown(node.Named); ok {
		d.fillLookedUp(node, k)
	}
}

// article puts "a" or "an" before a type: a sync.Mutex, an io.Reader.
func article(name string) string {
	if strings.HasPrefix(name, "http.") || strings.HasPrefix(name, "html.") {
		return "an " + name
	}
	switch name[0] {
	case 'a', 'e', 'i', 'o', 'A', 'E', 'I', 'O':
		return "an " + name
	}
	return "a " + name
}

// isLocation reports whether named is time.Location.
func isLocation(named *types.Named) bool {
	return named != nil && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "time" && named.Obj().Name() == "Location"
}

// fillLocation describes a *time.Location: what tells two apart is behind the
// pointer, and the pointer itself may be shared.
func (d *describer) fillLocation(node *Type) {
	node.Kind, node.Codec, node.Copy = Known, Location, ByValue
}

// integer returns the type big.Int of the package that rat, which is big.Rat,
// is in.
func (d *describer) integer(rat *types.Named) types.Type {
	return method(rat, "Num").Results().At(0).Type().(*types.Pointer).Elem()
}
