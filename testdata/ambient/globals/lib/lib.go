package lib

var Mode int

type Config struct{ K int }

var std = &Config{}

func Default() *Config { return std }

func Other() int { return std.K + constant.K } // want variable std

var constant = &Config{K: 1}

func Constant() *Config { return constant }

// With and Without are set by commands.
var With, Without int
