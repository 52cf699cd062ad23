package tick

import "testing"

func TestZone(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT-2", "Asia/Kolkata"} {
		zone, err := Zone(name)
		if err != nil || zone.String() != name {
			t.Errorf("Zone(%q) = %v, %v", name, zone, err)
		}
		if again, _ := Zone(name); again != zone {
			t.Errorf("Zone(%q) was read twice", name)
		}
	}
	for _, c := range []struct{ name, message, hint string }{
		{"", "empty", "Europe/Paris"},
		{"Local", "another one on each machine", "Europe/Paris"},
		{"localtime", "another one on each machine", "Europe/Paris"},
		{"europe/paris", "there is no time zone `europe/paris`", "did you mean Europe/Paris?"},
		{"America/New York", "there is no time zone", "did you mean America/New_York?"},
		{"Tokyo", "there is no time zone", "did you mean Asia/Tokyo?"},
		{"utc", "there is no time zone", "did you mean UTC?"},
		{"UTC+2", "there is no time zone", "Etc/GMT-2"},
		{"+02:00", "there is no time zone", "Etc/GMT-2"},
		{"right/Europe/Paris", "there is no time zone", "Europe/Paris"},
		{"../etc/passwd", "there is no time zone", "Europe/Paris"},
		{"/etc/localtime", "there is no time zone", "Europe/Paris"},
		{"Europe", "there is no time zone", "Europe/Paris"},
		{"Nowhere/Nothing", "there is no time zone", "Europe/Paris"},
	} {
		_, err := Zone(c.name)
		checkError(t, c.name, err, c.message, c.hint)
	}
}
