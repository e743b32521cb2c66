package p

import "time"

//workgen:work
type Zone struct{}

func (Zone) Run(n int64, s string) (string, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return "", err
	}
	u := time.Unix(n, 0).UTC()
	v := time.Unix(n, 0)
	if v.Before(t) || t.Sub(v.Add(time.Second)) < 3 {
		return u.Format(time.RFC3339), nil
	}
	w, err := time.Parse(time.RFC1123, s) // want time.Parse
	if err != nil {
		return "", err
	}
	x, err := time.ParseInLocation(time.DateTime, s, time.Local) // want time.Local
	if err != nil {
		return "", err
	}
	y := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Local()                                // want time.Time.Local
	return time.Unix(n, 0).Format(time.RFC3339) + w.String() + x.String() + y.String(), nil // want time.Unix
}
