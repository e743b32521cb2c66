package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDurationsSizesAndCountsAreShort(t *testing.T) {
	for seconds, text := range map[float64]string{
		0: "–", 2e-6: "2.0 µs", 0.0015: "1.5 ms", 0.25: "250 ms", 1.25: "1.2 s", 59: "59 s", 61: "1 min 1 s", 3600: "1 h 0 min", 90000: "1 d 1 h",
	} {
		want(t, "duration", duration(seconds), text)
	}
	n := int64(1536)
	var none *int64
	want(t, "size", size(&n), "1.5 KiB")
	want(t, "size of an unknown", size(none), "–")
	want(t, "size of an int", size(12), "12 B")
	want(t, "count", count(1234567), "1\u202f234\u202f567")
	want(t, "count", count(-123456), "-123\u202f456")
	want(t, "count", count(123), "123")
}

func TestTimesAreOfOneZoneThatIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00:00 UTC
		now := time.Now()
		here := time.FixedZone("HERE", 5*3600+1800)
		for _, c := range []struct {
			format format
			time   time.Time
			want   []string
		}{
			{format{times: utcTimes}, now.In(here), []string{`>00:00:00<`, `title="Sat 1 Jan 2000 00:00:00.000 UTC"`, `datetime="2000-01-01T00:00:00Z"`}},
			{format{times: utcTimes}, now.Add(-time.Second), []string{`>1999-12-31 23:59:59<`}},
			{format{times: utcTimes}, now.Add(24 * time.Hour), []string{`>Jan 2 00:00:00<`}},
			{format{times: utcTimes}, time.Time{}, []string{"–"}},
			{format{times: relativeTimes}, now.Add(-90 * time.Second), []string{`data-at>1 min ago<`}},
			{format{times: relativeTimes}, now.Add(90 * time.Hour), []string{`data-at>in 3 d<`}},
			{format{times: relativeTimes, live: true}, now, []string{`data-at><`}},
		} {
			got := string(c.format.at(c.time))
			for _, part := range c.want {
				if !strings.Contains(got, part) {
					t.Errorf("%v: got %s, want %s", c.format, got, part)
				}
			}
		}
		began := now.Add(-62 * time.Second)
		want(t, "since", strings.Contains(string(format{}.since(began)), `data-since>1 min 2 s<`), true)
		want(t, "until", strings.Contains(string(format{}.until(now.Add(3*time.Hour))), `data-until>3 h 0 min<`), true)
		live := format{live: true}
		was := live.since(began)
		time.Sleep(5 * time.Second)
		want(t, "what the stream says later", live.since(began), was)
	})
}

func TestTextsOfOthersDoNothingToThePage(t *testing.T) {
	want(t, "errline", errLine("\n first \u202eline\x1b[31m \nsecond"), `first \u202eline\x1b[31m`)
	want(t, "text", safeText("a\u202e\r\n\tb\x00"), "a\\u202e\n\tb\\x00")
	want(t, "class", statusClass(`given up" onclick="`), "given-up--onclick--")
	for _, html := range []string{string(keyHTML(`"><script>`)), string(statusHTML(`"><script>`))} {
		if strings.Contains(html, "<script>") {
			t.Error(html)
		}
	}
	key := strings.Repeat("0123456789abcdef", 4)
	if html := string(keyHTML(key)); !strings.Contains(html, ">0123456789ab<") || !strings.Contains(html, `data-copy="`+key+`"`) {
		t.Error(html)
	}
}
