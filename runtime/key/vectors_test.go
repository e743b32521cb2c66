package key_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
)

// vectorScope is the scope of all frozen keys.
var vectorScope = key.Scope{Work: "example.com/daily.DataProcessor", Schema: "schema", Code: "code"}

// vectors are frozen. Results that users have stored are found by these bytes:
// one that fails shows an incompatible change, which needs a new key.Version and
// new vectors beside these, never others in their place. The encodings were
// written by hand from the table in the package comment.
var vectors = []struct {
	name   string
	encode func(e *key.Encoder)
	bytes  string // hexadecimal; spaces are for the reader
	key    string
}{
	{"nothing", func(e *key.Encoder) {}, "",
		"394ab9ad852693fee578a5d1b4986c3513b617252efa3f6d98f5a0c9e05573c7"},
	{"bool false", func(e *key.Encoder) { e.Bool(false) }, "00",
		"947d3661669234efc48ecce1df6db8ff9dd516d5f49f3eee52a62ecf8e3f0b90"},
	{"bool true", func(e *key.Encoder) { e.Bool(true) }, "01",
		"ca70e15560e739dad99ec78f217d87a887930a7930d1622afec341ab2b1a3c5a"},
	{"int8", func(e *key.Encoder) { e.Int8(-2) }, "fe",
		"1eee10219575b676d7089037c73eb19c6aa40bfbcad7fca1aca141694adf07ce"},
	{"int16", func(e *key.Encoder) { e.Int16(-2) }, "feff",
		"4fd1c59a220879f0f8d27650410838929a73d289fab2698e11b1d746666bba23"},
	{"int32", func(e *key.Encoder) { e.Int32(-2) }, "feffffff",
		"e5f7d26f7378302be2bef35576fd21e02de5d80099ec348153aee1d8136805fe"},
	{"int64", func(e *key.Encoder) { e.Int64(-2) }, "feffffffffffffff",
		"4d5d1ddfea4bf798a3a69da0ad0867886adcdb22b305beddde3505318f1b9a89"},
	{"int is as wide as int64", func(e *key.Encoder) { e.Int(-2) }, "feffffffffffffff",
		"4d5d1ddfea4bf798a3a69da0ad0867886adcdb22b305beddde3505318f1b9a89"},
	{"uint8", func(e *key.Encoder) { e.Uint8(0x01) }, "01",
		"ca70e15560e739dad99ec78f217d87a887930a7930d1622afec341ab2b1a3c5a"},
	{"uint16", func(e *key.Encoder) { e.Uint16(0x0102) }, "0201",
		"03f1718dcc90431c14fd12e62aeddff94671c174a24139d332c0c89b630f7d63"},
	{"uint32", func(e *key.Encoder) { e.Uint32(0x01020304) }, "04030201",
		"fe4b2ffd8bdd875703586769038a7efc1c4c1a6fd5fdedf2d99e28e9506f5878"},
	{"uint64", func(e *key.Encoder) { e.Uint64(0x0102030405060708) }, "0807060504030201",
		"bac01b46e2dc1b2ca0e0c419a4ed26a315d734b79ab09e5dd9cfc621dcbeaea2"},
	{"uint is as wide as uint64", func(e *key.Encoder) { e.Uint(0x01020304) }, "0403020100000000",
		"ec231bdcc46d1d865ab84bd37546051c5a35a4fc161c177ffb063a4ed50c4de7"},
	{"uintptr is as wide as uint64", func(e *key.Encoder) { e.Uintptr(0xfffffffe) }, "feffffff00000000",
		"819ba728a1542a67b39874a5842ed1e387b1bd8274269311ebf6e3043edfd409"},
	{"float32", func(e *key.Encoder) { e.Float32(1.5) }, "0000c03f",
		"859a2b7a6e8bce8e0fe4d692b2ce6eaa68fdf99e8c1af4cf3ec26804577512d0"},
	{"float64", func(e *key.Encoder) { e.Float64(1.5) }, "000000000000f83f",
		"54c15dd02795fe6516846dce231dd8b7dffa999c240e0ae76d016ec984fdb0d9"},
	{"negative zero", func(e *key.Encoder) { e.Float64(math.Copysign(0, -1)) }, "0000000000000080",
		"a6e1e90be2f451f6590c90263e49ac76f9250f3d64b782b8506e726bf5158ce8"},
	{"infinity", func(e *key.Encoder) { e.Float64(math.Inf(1)) }, "000000000000f07f",
		"65bccd35f7f80bed604fcdaa6e21a045b45e64e37adb4002247d0f2d4849f4dc"},
	{"NaN", func(e *key.Encoder) { e.Float64(math.Float64frombits(0x7ff8000000000123)) }, "230100000000f87f",
		"f527f66c5b962e7d459bdbd7eb66cd90c54d6971611617c48e574a34a20f3fd5"},
	{"complex64", func(e *key.Encoder) { e.Complex64(complex(1.5, -2)) }, "0000c03f 000000c0",
		"61c15cb6b92d1cf991a157ac1f1975787e6ea3af13e84f554d15e9edde39e9c3"},
	{"complex128", func(e *key.Encoder) { e.Complex128(complex(1.5, -2)) }, "000000000000f83f 00000000000000c0",
		"de79b83e31dc349f4bb2676a179f9beb5dcd6a86f14acaa5588d5819f3fdd6d9"},
	{"empty string", func(e *key.Encoder) { e.String("") }, "0000000000000000",
		"750565a472ff9941ab23bf9082621ce93f99d51efac9ba3f4f2d179c5aa5d333"},
	{"string", func(e *key.Encoder) { e.String("héllo") }, "0600000000000000 68c3a96c6c6f",
		"13cf28eb402db5c8ff34bb37a9b44481ac480f8ad93c9d22d7d63866360d6bf9"},
	{"string that is not UTF-8", func(e *key.Encoder) { e.String("\xff\x00") }, "0200000000000000 ff00",
		"e7428db2499cd5d225b936d85897c16f63cf10d64407fff0b8c42b32bb5c9894"},
	{"string of 257 bytes is not folded", func(e *key.Encoder) { e.String(strings.Repeat("a", 257)) },
		"0101000000000000" + strings.Repeat("61", 257),
		"53c6abf96ffcfb09a2ad6e1ac33618e55a78c804bd903fe56b29078edf8f5e37"},
	{"nil bytes", func(e *key.Encoder) { e.Bytes(nil) }, "0000000000000000",
		"750565a472ff9941ab23bf9082621ce93f99d51efac9ba3f4f2d179c5aa5d333"},
	{"empty bytes", func(e *key.Encoder) { e.Bytes([]byte{}) }, "0100000000000000",
		"d5991839cf196cd1c9b4374eda10e39450300947981d5307be799971463d31b1"},
	{"bytes", func(e *key.Encoder) { e.Bytes([]byte{7, 8}) }, "0300000000000000 07 08",
		"651266724c9ccd91b29e08092d2a0b5f28e284460a62ed9d71538caabcbb2861"},
	{"nil numbers", func(e *key.Encoder) { key.Numbers(e, []int(nil)) }, "0000000000000000",
		"750565a472ff9941ab23bf9082621ce93f99d51efac9ba3f4f2d179c5aa5d333"},
	{"empty numbers", func(e *key.Encoder) { key.Numbers(e, []int{}) }, "0100000000000000",
		"d5991839cf196cd1c9b4374eda10e39450300947981d5307be799971463d31b1"},
	{"ints", func(e *key.Encoder) { key.Numbers(e, []int{-1, 2}) },
		"0300000000000000 ffffffffffffffff 0200000000000000",
		"a501b4f9503d18775fd02afbc348ca872759aa10b992bc65c0f056f74d67926f"},
	{"named ints", func(e *key.Encoder) { key.Numbers(e, []namedInt{-1, 2}) },
		"0300000000000000 ffffffffffffffff 0200000000000000",
		"a501b4f9503d18775fd02afbc348ca872759aa10b992bc65c0f056f74d67926f"},
	{"named uintptrs", func(e *key.Encoder) { key.Numbers(e, []namedUintptr{0xfffffffe}) },
		"0200000000000000 feffffff00000000",
		"7eb07889aa9c20758feb812acfaf45a5f0a18121a81d422d6b3d5f934da737b8"},
	{"named int32s", func(e *key.Encoder) { key.Numbers(e, []namedInt32{-1, 2}) }, "0300000000000000 ffffffff 02000000",
		"1608b0ee25d3d2342d3d718f48c5352897954911fc8db6705977cad4dc7ae570"},
	{"bools", func(e *key.Encoder) { key.Numbers(e, []bool{true, false}) }, "0300000000000000 01 00",
		"eb3f53799e09f85e4185616cdb3b2a737788a36aa912499e725ab489ba535847"},
	{"uint16s", func(e *key.Encoder) { key.Numbers(e, []uint16{0x0102}) }, "0200000000000000 0201",
		"b9dec15887a747eebe932d5d7c1a925f032c1bd0645cfbb81db0919cc386fec8"},
	{"float32s", func(e *key.Encoder) { key.Numbers(e, []float32{1.5}) }, "0200000000000000 0000c03f",
		"7dee7a4dd3817f0e499c6ce3ceb8d7d080390f59115208508f02a6627afe1552"},
	{"complex64s", func(e *key.Encoder) { key.Numbers(e, []complex64{complex(1.5, -2)}) },
		"0200000000000000 0000c03f 000000c0",
		"51e20b43a5f261de2f9cc7c4a31490d4309343fbd45af24d752ffdae23b6904d"},
	{"complex128s", func(e *key.Encoder) { key.Numbers(e, []complex128{complex(1.5, -2)}) },
		"0200000000000000 000000000000f83f 00000000000000c0",
		"2c387755112a286f1a8bc1ac39ca9ebb9d79dfc47b6ad73d9a889bf27849a56d"},
	{"array", func(e *key.Encoder) { key.Array(e, []int16{1, -1}) }, "0100 ffff",
		"3822529dde6627aade218ebf55ca88dd75d86b77c5d0003f012a543f81f9b058"},
	{"slice of strings", func(e *key.Encoder) { strs([]string{"a", ""})(e) },
		"0300000000000000 0100000000000000 61 0000000000000000",
		"41245e84644d0aeed1ddf9bfafc3dccbb683b02f62dd871e8e924bfcf505529e"},
	{"nil pointer", func(e *key.Encoder) { e.Present(false) }, "00",
		"947d3661669234efc48ecce1df6db8ff9dd516d5f49f3eee52a62ecf8e3f0b90"},
	{"pointer", func(e *key.Encoder) {
		if e.Present(true) {
			e.Int8(5)
		}
	}, "01 05",
		"de99c38f91a340d0eb90ff862d1f2c5ac90f1e36492269c115a752356d204330"},
	{"nil map", func(e *key.Encoder) { encodeLabels(e, nil) }, "0000000000000000",
		"750565a472ff9941ab23bf9082621ce93f99d51efac9ba3f4f2d179c5aa5d333"},
	{"empty map", func(e *key.Encoder) { encodeLabels(e, map[string]int{}) }, "0100000000000000",
		"d5991839cf196cd1c9b4374eda10e39450300947981d5307be799971463d31b1"},
	{"map", func(e *key.Encoder) { encodeLabels(e, map[string]int{"a": 1, "b": 2, "c": 3}) },
		"0400000000000000" +
			"0100000000000000 63 0300000000000000" +
			"0100000000000000 62 0200000000000000" +
			"0100000000000000 61 0100000000000000",
		"edcb5f96bdb58b96985e331eaa5d1b6fb0234edf087117b406b977f69609fe05"},
	{"frame", func(e *key.Encoder) {
		f := e.Open()
		e.Int16(1)
		e.Close(f)
	}, "0200000000000000 0100",
		"a46e0bd1d59c1d2ca18fbdbc00b9676c540eedeee6e29ed2b69c3e1bbe4b529e"},
	{"empty frame", func(e *key.Encoder) { e.Close(e.Open()) }, "0000000000000000",
		"750565a472ff9941ab23bf9082621ce93f99d51efac9ba3f4f2d179c5aa5d333"},
	{"zero time", func(e *key.Encoder) { e.Time(time.Time{}) },
		"00096e88f1ffffff 00000000 0000000000000000 0300000000000000 555443 0300000000000000 555443",
		"61212c263288df51e3a76a3fa7ec1d2df63c3a3fb46d9fa896e605083a213bd8"},
	{"time", func(e *key.Encoder) {
		e.Time(time.Date(1969, 12, 31, 23, 0, 1, 5, time.FixedZone("EST", -5*3600)))
	}, "4138000000000000 05000000 b0b9ffffffffffff 0300000000000000 455354 0300000000000000 455354",
		"3f38e35f6f9d66fe9c317029ff1b2096ef292a4b5755007c63737e922a6b9e6a"},
	{"eight scalars", aScalars.encode,
		"0100000000000000 0800000000000000 30352f32352f3232 01 0700000000000000 0500000000000000 68656c6c6f 000000000000f83f 09000000 01",
		"a765fbd11debb64ca3cc5c3498af280da1b2b2065b9211fb69fb1508dacfdbcf"},
	{"reference back to a pointer", func(e *key.Encoder) {
		v := &twig{Name: "a"}
		v.Left, v.Right = v, &twig{Name: "b", Left: v}
		if key.Enter(e, v) {
			encodeTwig(e, v)
			e.Leave()
		}
	}, "01 0100000000000000 61" +
		"02 0100000000000000" +
		"01 0100000000000000 62 02 0200000000000000 00",
		"f8b6b0ba940a687ef704be92f3889ba08409c6614c281134be2757e91d9d17ab"},
	{"references back to a slice and a map", func(e *key.Encoder) {
		v := &node{Nodes: make([]node, 1), Files: map[string]node{}}
		v.Nodes[0].Nodes = v.Nodes
		v.Files["a"] = node{Files: v.Files}
		encodeNode(e, v)
	}, "0000000000000000 00" +
		"0200000000000000" + "0000000000000000 00 ffffffffffffffff 0100000000000000 0000000000000000" +
		"0200000000000000 0100000000000000 61" + "0000000000000000 00 0000000000000000 ffffffffffffffff 0100000000000000",
		"70fb97482e35f246b50ebb1d951795274f03457150158f451238cad6fe272c30"},
	{"recursive slice and map, empty", func(e *key.Encoder) { encodeNode(e, &node{Nodes: []node{}, Files: map[string]node{}}) },
		"0000000000000000 00 0100000000000000 0100000000000000",
		"39db3ddfbc9f78b51cadd859e3e8e5ecfe2c98d0882b25d59d29283843d9daa5"},
	{"nil interface", func(e *key.Encoder) { e.Nil() }, "00",
		"947d3661669234efc48ecce1df6db8ff9dd516d5f49f3eee52a62ecf8e3f0b90"},
	{"interface", func(e *key.Encoder) { e.Type("a.T"); e.Int8(5) }, "01 0300000000000000 612e54 05",
		"f4c08895ae7cfc25618d5856e64a46f4b9e79f3aa97223c7e94eac06c508c583"},
	{"what a marshaller gave", func(e *key.Encoder) { e.Appended([]byte("héllo"), nil) }, "0600000000000000 68c3a96c6c6f",
		"13cf28eb402db5c8ff34bb37a9b44481ac480f8ad93c9d22d7d63866360d6bf9"},
	{"no location", func(e *key.Encoder) { e.Location(nil) }, "00",
		"947d3661669234efc48ecce1df6db8ff9dd516d5f49f3eee52a62ecf8e3f0b90"},
	{"location without changes", func(e *key.Encoder) { e.Location(time.FixedZone("EST", -5*3600)) },
		"01 0300000000000000 455354 " + sha256Of("00096e88f1ffffff b0b9ffffffffffff 00 0300000000000000 455354"),
		"3b98e82acaeb8ec90dd7a6500e1f45f25f1a589de1cdf5b368b85f83b28a62c8"},
	{"location with changes", func(e *key.Encoder) { e.Location(twoZones("A/B")) },
		"01 0300000000000000 412f42 " + sha256Of("00096e88f1ffffff 100e000000000000 00 0300000000000000 414141"+
			"0000000000000000 201c000000000000 01 0300000000000000 424242"),
		"ea95c19b170f073a0ba2730c4fbde2f081274682bd231316bb32df43d743d24a"},
	{"no file", key.File("no such file").EncodeKey, "0c00000000000000 6e6f20737563682066696c65 00",
		"eb8c35435c76422d35bd345c75f0f453918b3b3959305cb1a325407375335083"},
	{"map of 1,000 and 100,000 ints", func(e *key.Encoder) {
		// Longer than what is flushed at once; only its key is frozen.
		encodeLabels(e, labelsOf(1000))
		key.Numbers(e, make([]int, 100_000))
	}, "-",
		"377cdc72885468859e7727caf12b233cfed4bc7a03e21195f897fb368a717a50"},
}

// sha256Of returns the digest of bytes in hexadecimal.
func sha256Of(text string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

func TestFrozenVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			if got := hex.EncodeToString(key.Canonical(v.encode)); v.bytes != "-" {
				if diff := cmp.Diff(strings.ReplaceAll(v.bytes, " ", ""), got); diff != "" {
					t.Errorf("encoding (-frozen +got):\n%s", diff)
				}
			}
			if got := key.Sum(vectorScope, v.encode).String(); got != v.key {
				t.Errorf("key is %q, frozen is %q", got, v.key)
			}
		})
	}
}

func TestFrozenKeysDependOnEachPartOfTheScope(t *testing.T) {
	encode := func(e *key.Encoder) { e.Int(1) }
	frozen := map[string]key.Scope{
		"01e07729842233c25c5c8856d31ea8206f63deb2382b36cac417b623d75b9977": {},
		"5bc68b86122043b15f048cd5034550814fa6bca9bf740fb9472230645a7201b3": {Work: "a"},
		"1f148518f3af053c06deda2375faca1c741af95370fe91b8f8fc907c87d37972": {Schema: "a"},
		"88a0131e89dfa67a48e0fc451e2707d2d659fc84a1b0ac0338950e484b229837": {Code: "a"},
		"b0de070055aa180fcb1c06cc455e6a269ea39b02e4987914650070cb6229f7a2": {Work: "a", Schema: "b"},
		"999d19cc0f50ac1c2da363d0abdffe0820cbe9a26d1d61f8ed13fe4bbcd4c5a2": {Work: "ab"},
	}
	for want, s := range frozen {
		if got := key.Sum(s, encode).String(); got != want {
			t.Errorf("%+v: key is %q, frozen is %q", s, got, want)
		}
	}
}
