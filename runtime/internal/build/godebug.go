package build

// harmless are the settings of GODEBUG that change no result: those of package runtime
// about scheduling, memory and traces, and those of the go command.
var harmless = setOf(
	"adaptivestackstart", "asyncpreemptoff", "cgocheck", "checkfinalizers", "clobberfree",
	"containermaxprocs", "decoratemappings", "disablethp", "dontfreezetheworld", "efence",
	"gccheckmark", "gcpacertrace", "gcshrinkstackoff", "gcstoptheworld", "gctrace",
	"harddecommit", "inittrace", "invalidptr", "madvdontneed", "memprofilerate",
	"profstackdepth", "sbrk", "scavtrace", "scheddetail", "schedtrace",
	"traceadvanceperiod", "traceallocfree", "tracebackancestors", "tracebacklabels",
	"tracecheckstackownership", "tracefpunwindoff", "updatemaxprocs",

	"allowmultiplevcs", "embedfollowsymlinks", "gocachehash", "gocachetest",
	"gocacheverify", "gotestjsonbuildtext",

	"dataindependenttiming", "http2debug",
)

func setOf(names ...string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, name := range names {
		out[name] = true
	}
	return out
}
