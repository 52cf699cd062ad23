package report

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// chromium is the browser of the tests. Without one they fail: what a reader
// sees cannot be tested otherwise. -short leaves them out.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Chromium; left out by -short")
	}
	path, err := FindBrowser(os.Getenv)
	if err != nil {
		t.Fatalf("%v (Debian: apt install chromium; go test -short leaves this test out)", err)
	}
	return path
}

// browse starts a browser for one test, which reaches this machine only.
func browse(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := startBrowser(t.Context(), chromium(t), t.TempDir(), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	t.Cleanup(stop)
	return ctx
}

func open(t *testing.T, ctx context.Context, page string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func scheme(t *testing.T, ctx context.Context, value string) {
	t.Helper()
	_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The page with everything, as a reader has it: formulas are drawn, pictures
// are there, nothing is wider than a phone, and both themes can be read.
func TestPageInBrowser(t *testing.T) {
	ctx := browse(t)
	page := render(t, read(t, "everything.ipynb"), Options{})
	for _, width := range []int64{1440, 1000, 390} {
		if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
			t.Fatal(err)
		}
		for _, theme := range []string{"light", "dark"} {
			scheme(t, ctx, theme)
			open(t, ctx, page)
			if n := eval[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); n > 0 {
				t.Errorf("%d %s: the page is %d px wider than the window", width, theme, n)
			}
			if n := eval[int](t, ctx, `[...document.querySelectorAll(".math.display")].filter(e => e.scrollWidth > e.clientWidth).length`); n > 0 {
				t.Errorf("%d %s: %d short formulas can be scrolled", width, theme, n)
			}
			if faint := eval[string](t, ctx, contrast); faint != "" {
				t.Errorf("%d %s: hard to read: %s", width, theme, faint)
			}
		}
	}
	math := eval[[]int](t, ctx, `[document.querySelectorAll(".math").length, document.querySelectorAll(".math.drawn .katex").length, document.querySelectorAll(".katex-error").length]`)
	if math[0] < 10 || math[1] != math[0] || math[2] != 0 {
		t.Errorf("of %d formulas %d are drawn, %d are wrong", math[0], math[1], math[2])
	}
	if fonts := eval[bool](t, ctx, `document.fonts.ready.then(f => f.check("12px KaTeX_Main") && [...f].some(x => x.family.includes("KaTeX_Main") && x.status === "loaded"))`); !fonts {
		t.Error("KaTeX's fonts are not there")
	}
	if broken := eval[int](t, ctx, `[...document.images].filter(i => !i.naturalWidth).length`); broken != 0 {
		t.Errorf("%d pictures are broken", broken)
	}
	if dead := eval[[]string](t, ctx, `[...document.querySelectorAll('a[href^="#"]')].map(a => decodeURIComponent(a.hash.slice(1))).filter(id => !document.getElementById(id))`); len(dead) != 0 {
		t.Errorf("anchors lead nowhere: %v", dead)
	}
	before, after := eval[bool](t, ctx, `document.querySelector(".long").open`), eval[bool](t, ctx, `(document.querySelector(".long > summary").click(), document.querySelector(".long").open)`)
	if before || !after {
		t.Error("a long output does not unfold")
	}
}

// contrast names the texts whose contrast with what is behind them is under 3.
const contrast = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const lum = c => { const f = c.slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const behind = e => { const under = e.parentElement ? behind(e.parentElement) : rgba("white"); const c = rgba(getComputedStyle(e).backgroundColor); return [0, 1, 2].map(i => c[i] * c[3] + under[i] * (1 - c[3])); };
  const faint = new Set();
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
    const a = lum(rgba(getComputedStyle(e).color)), b = lum(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 3) faint.add(walk.currentNode.data.trim().slice(0, 30) + " (" + ratio.toFixed(1) + ")");
  }
  return [...faint].join(", ");
})()`

// The typical formulas of notebooks: KaTeX knows all of them.
func TestFormulasInBrowser(t *testing.T) {
	ctx := browse(t)
	formulas := []string{
		`\hat\beta = (X^\top X)^{-1} X^\top y`, `\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt\pi}{2}`, `\sum_{i=1}^n \binom{n}{k} p^k (1-p)^{n-k}`,
		`\lim_{x \to 0} \frac{\sin x}{x} = 1`, `\begin{pmatrix} a & b \\ c & d \end{pmatrix}`, `\begin{bmatrix} 1 & \cdots & n \\ \vdots & \ddots & \vdots \end{bmatrix}`,
		`f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}`, `\mathbb{E}[X] = \mathbb{P}(A \mid B)`, `\mathcal{N}(\mu, \sigma^2)`, `\boldsymbol{\Sigma} \succeq 0`,
		`\nabla \cdot \vec{E} = \frac{\rho}{\varepsilon_0}`, `\left( \frac{a}{b} \right)^2`, `\underbrace{a + b}_{n}`, `\overline{x}\ \tilde{y}\ \dot{z}\ \bar{w}`,
		`\operatorname*{arg\,max}_{\theta} \ell(\theta)`, `a \le b \ne c \approx d \equiv e`, `x \in \mathbb{R}^n \setminus \{0\}`, `\Pr\left[\left|X - \mu\right| \ge k\sigma\right] \le \frac{1}{k^2}`,
		`\textbf{bold}\ \textit{it}\ \mathrm{d}x`, `\begin{aligned} a &= b \\ &= c \end{aligned}`, `\begin{align*} a &= b \\ c &= d \end{align*}`, `\begin{equation} x = y \label{eq:a} \end{equation}`,
		`\begin{eqnarray} a &=& b \end{eqnarray}`, `\xrightarrow{p}\ \longrightarrow\ \mapsto\ \iff`, `\sqrt[3]{x}\ \partial_t u\ \Delta u`, `\color{red}{x}\ \textcolor{blue}{y}`,
		`\newcommand{\R}{\mathbb{R}} \R`, `\R^2`, `\renewcommand\vec[1]{\mathbf{#1}} \newcommand*{\pair}[2]{(#1, #2)} \pair{\vec a}{b}`, `\pair{c}{d}`, `\lVert x \rVert_2\ \lfloor y \rfloor\ \langle z \rangle`, `\tag{1} x`, `\dfrac{1}{2}\ \tfrac12\ \stackrel{d}{=}`, `\hbar\ \ell\ \Re\ \Im\ \aleph\ \emptyset`,
		`\begin{array}{c|c} a & b \\ \hline c & d \end{array}`, `\begin{gather} a \\ b \end{gather}`, `\not\subset\ \notin\ \nexists`, `20\,^\circ\mathrm{C}\ 5\,\%`, `\mathbf{x}^{\mathsf{T}}\ x^{\prime\prime}\ f'`,
	}
	nb := notebook()
	for _, f := range formulas {
		nb.Cells = append(nb.Cells, prose("$$\n"+f+"\n$$"))
	}
	open(t, ctx, render(t, nb, Options{}))
	drawn := eval[int](t, ctx, `document.querySelectorAll(".math.drawn .katex-display").length`)
	wrong := eval[[]string](t, ctx, `[...document.querySelectorAll(".katex-error, .math:not(.drawn), .katex [style*='#cc0000']")].map(e => e.textContent.slice(0, 80))`)
	if drawn != len(formulas) || len(wrong) != 0 {
		t.Errorf("%d of %d are drawn; not: %s", drawn, len(formulas), strings.Join(wrong, "\n"))
	}
}
