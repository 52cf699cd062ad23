package expr

// IsKeyword tells whether CEL reserves a name, so that nothing in a workflow
// may be called by it: `tasks.in` would not parse.
func IsKeyword(name string) bool {
	switch name {
	case "true", "false", "null", "in", "as", "break", "const", "continue",
		"else", "for", "function", "if", "import", "let", "loop", "package",
		"namespace", "return", "var", "void", "while":
		return true
	}
	return false
}
