package model

import "time"

// moment is a time, and whether it is known to the second only.
type moment struct {
	at    time.Time
	about bool
}

func exactly(at time.Time) moment { return moment{at: at} }

// near is how close its bounds make a moment as good as exact.
const near = 50 * time.Millisecond

// within is a moment of which the forge recorded the second, and the log that
// it was between two lines (zero: it does not say). It is the middle of what both
// allow. Clocks may differ: what contradicts itself is taken from the forge.
func within(second, after, before time.Time) moment {
	from, to := second, second.Add(time.Second)
	if after.After(from) && !after.After(to) {
		from = after
	}
	if !before.IsZero() && before.Before(to) && !before.Before(from) {
		to = before
	}
	room := to.Sub(from)
	return moment{from.Add(room / 2), room > near}
}

// cut is a list of segments in the making: each lasts until the next begins.
type cut struct {
	segments []Segment
	about    bool // the last one's beginning
}

// begin ends the segment before, and begins one. One cannot begin before the
// one before it.
func (c *cut) begin(m moment, kind Kind, name string) *Segment {
	if n := len(c.segments); n > 0 && m.at.Before(c.segments[n-1].Start) {
		m.at = c.segments[n-1].Start
	}
	c.end(m)
	c.segments = append(c.segments, Segment{Kind: kind, Name: name, Start: m.at})
	c.about = m.about
	return &c.segments[len(c.segments)-1]
}

// end ends the last segment; but for steps, what took no time is left out.
func (c *cut) end(m moment) {
	n := len(c.segments)
	if n == 0 {
		return
	}
	last := &c.segments[n-1]
	last.End = m.at
	if m.at.Before(last.Start) {
		last.End = last.Start
	}
	last.Seconds = last.Took().Seconds()
	last.About = c.about || m.about
	if last.Took() == 0 && last.Kind != Step {
		c.segments = c.segments[:n-1]
	}
}
