package report

import (
	"os/exec"
	"path/filepath"

	freshet "github.com/freshet/freshet"
)

// BrowserVariable is the environment variable that names the Chromium which
// prints.
const BrowserVariable = "FRESHET_BROWSER"

// browsers are the names that Chromium and its relatives are installed under.
var browsers = []string{
	"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge-stable", "microsoft-edge",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// FindBrowser finds the Chromium that prints: the one that FRESHET_BROWSER
// names, or the first that is installed.
func FindBrowser(getenv func(string) string) (string, error) {
	if set := getenv(BrowserVariable); set != "" {
		path, err := lookPath(set, getenv("PATH"))
		if err != nil {
			return "", freshet.Errorf(freshet.Invalid, "%s names %q, which is no program", BrowserVariable, set).
				WithHint("set %s to the path of a Chromium or Chrome, or leave it unset to use the one that is installed", BrowserVariable)
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := lookPath(name, getenv("PATH")); err == nil {
			return path, nil
		}
	}
	return "", freshet.Errorf(freshet.Invalid, "a pdf is printed by Chromium, and none is installed").
		WithHint("install it (Debian, Ubuntu: apt install chromium; Alpine: apk add chromium; others: Google Chrome will do) or set %s to its path; "+
			"a report of format html needs none", BrowserVariable)
}

// lookPath finds a program by path, or by name in the directories of a PATH.
func lookPath(name, path string) (string, error) {
	if filepath.Base(name) != name {
		return exec.LookPath(name)
	}
	for _, dir := range filepath.SplitList(path) {
		if filepath.IsAbs(dir) {
			if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return found, nil
			}
		}
	}
	return "", exec.ErrNotFound
}
