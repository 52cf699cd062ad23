package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	freshet "github.com/freshet/freshet"
)

// PDFOptions are how a page is printed.
type PDFOptions struct {
	Browser string        // path of Chromium; see FindBrowser
	Paper   string        // a4 (the default) or letter
	Timeout time.Duration // for all of it; 0: two minutes
}

const defaultTimeout = 2 * time.Minute

// papers are sizes in inches.
var papers = map[string]chromedp.PaperSize{"": chromedp.PaperA4, "a4": chromedp.PaperA4, "letter": chromedp.PaperLetter}

// Margins of a printed page, in inches. The footer stands within the lower one.
const (
	marginSide = 0.59
	marginTop  = 0.59
	marginFoot = 0.75
)

const footer = `<div style="width:100%;padding:0 15mm;font:7.5pt sans-serif;color:#626b75;display:flex;justify-content:space-between">` +
	`<span class="title"></span><span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>`

// maxTemp is the longest path of a temporary directory below which Chromium
// can make its socket: a socket's path has at most 107 bytes.
const maxTemp = 32

// roomyTemp is a directory for temporary files whose path leaves room for the
// socket that Chromium makes below it.
func roomyTemp() string {
	if len(os.TempDir()) <= maxTemp {
		return ""
	}
	return "/tmp"
}

// PDF prints a page that HTML made. The browser is one of its own for this
// page: without network, with a fresh profile, and gone when PDF returns,
// whether it printed, failed, took too long or ctx was cancelled.
func PDF(ctx context.Context, w io.Writer, html []byte, o PDFOptions) error {
	paper, ok := papers[o.Paper]
	if !ok {
		return freshet.Errorf(freshet.Invalid, "paper %q is not known", o.Paper).WithHint("paper is a4 or letter")
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	dir, err := os.MkdirTemp(roomyTemp(), "freshet-report-")
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	pdf, err := printFile(limited, file, paper, o.Browser, dir)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return fmt.Errorf("print report: %w", ctx.Err())
	case limited.Err() != nil:
		return freshet.Errorf(freshet.Unavailable, "printing the report took longer than %s", timeout).
			WithHint("long outputs make long pages: print less, or use the html report")
	default:
		return browserError(o.Browser, err)
	}
	if _, err := w.Write(pdf); err != nil {
		return fmt.Errorf("write pdf: %w", err)
	}
	return nil
}

func browserError(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return freshet.Errorf(freshet.Invalid, "%s cannot be started: %v", path, err).WithHint("set %s to the path of a Chromium or Chrome", BrowserVariable)
	}
	return fmt.Errorf("print report with %s: %w", path, err)
}

// startBrowser gives a context in which a browser of its own starts with the
// first action. The returned function ends it and waits until all of its
// processes and its profile are gone. Dir is its home.
func startBrowser(ctx context.Context, path, dir string, more ...chromedp.ExecAllocatorOption) (context.Context, func()) {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("headless", "new"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Env("HOME="+dir, "TMPDIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0), // the sandbox refuses root
	}
	for _, name := range []string{
		"disable-gpu", "disable-background-networking", "disable-component-update", "disable-sync", "disable-quic",
		"disable-default-apps", "disable-extensions", "disable-breakpad", "disable-dev-shm-usage", "disable-crash-reporter", "no-proxy-server",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, cancel := context.WithCancel(ctx)
	allocator, release := chromedp.NewExecAllocator(ctx, append(options, more...)...)
	browser, _ := chromedp.NewContext(allocator)
	return browser, func() {
		// A browser that never started cannot be waited for, only its allocator.
		if chromedp.FromContext(browser).Browser != nil {
			_ = chromedp.Cancel(browser)
		}
		cancel()
		release()
	}
}

// printFile starts a browser, lets it lay out the file for paper, and prints.
func printFile(ctx context.Context, file string, paper chromedp.PaperSize, browser, dir string) ([]byte, error) {
	ctx, stop := startBrowser(ctx, browser, dir)
	defer stop()
	width := int64((paper.Width - 2*marginSide) * 96)
	if _, err := chromedp.Run(ctx, emulatePrint(width)); err != nil {
		return nil, err
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())); err != nil {
		return nil, err
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fitToPaper, chromedp.EvalAwaitPromise)); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.PrintToPDF(
		chromedp.PDFPaper(paper),
		chromedp.PDFMargins(marginTop, marginSide, marginFoot, marginSide),
		chromedp.PDFPrintBackground(),
		chromedp.PDFHeaderTemplate("<span></span>"),
		chromedp.PDFFooterTemplate(footer),
		chromedp.PDFOutlineAndTagged(),
		chromedp.PDFStream(),
	))
}

func emulatePrint(width int64) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		if err != nil {
			return chromedp.Void{}, err
		}
		return chromedp.EmulateViewport(width, 1000)(ctx, t)
	}
}

// fitToPaper makes what is wider than the paper, as a rule a table, as small as
// it must be, once the fonts are there. A browser would shrink all pages for it,
// or cut it off.
const fitToPaper = `document.fonts.ready.then(() => {
  for (const box of document.querySelectorAll(".rich, .math.display, .text-cell table")) {
    const wide = Math.max(box.scrollWidth, ...Array.from(box.children, c => c.scrollWidth));
    if (wide > box.clientWidth + 1 && box.clientWidth > 0) {
      const scale = Math.max(0.3, box.clientWidth / wide);
      for (const part of box.tagName === "TABLE" ? [box] : box.children) part.style.zoom = scale;
    }
  }
  return true;
})`
