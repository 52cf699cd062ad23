package cli

import "strconv"

// whole is a flag that takes a whole number.
type whole[T int | int64] struct {
	to    *T
	least T
	most  T                        // 0: no bound
	wrong func(text string) string // what is said of a text that is none
}

// String, Set and Type make it a flag.
func (w *whole[T]) String() string {
	if w.to == nil {
		return "" // pflag asks an empty one
	}
	return strconv.FormatInt(int64(*w.to), 10)
}

// Type is what the kind of its value is called.
func (w *whole[T]) Type() string { return "number" }

// Set takes a number.
func (w *whole[T]) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < int64(w.least) || w.most != 0 && n > int64(w.most) || int64(T(n)) != n {
		return ownWords(w.wrong(text))
	}
	*w.to = T(n)
	return nil
}

// ownWords is an error of a flag that says all there is to say.
type ownWords string

func (e ownWords) Error() string { return string(e) }
