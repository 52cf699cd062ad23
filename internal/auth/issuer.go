package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/freshet/freshet"
)

// prefix tells tokens of executions from others.
const prefix = "fx_"

// Claims say whose token it is.
type Claims struct {
	Namespace string      `json:"n"`
	Key       freshet.Key `json:"k"`
	Epoch     int64       `json:"e"`
}

// Issuer makes and verifies tokens of executions. It keeps nothing: a token
// holds what it says and a code over it, so it is good with every server of
// the same home, before and after a restart.
type Issuer struct{ key []byte }

// NewIssuer derives the issuer's key from a secret, the token of the home.
func NewIssuer(secret string) *Issuer {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "freshet execution tokens 1", sha256.Size)
	if err != nil {
		panic(err) // only for lengths that the hash cannot give
	}
	return &Issuer{key}
}

// Issue makes the token of an execution. The same execution has the same
// token whenever it is asked for.
func (i *Issuer) Issue(key freshet.Key, epoch int64, namespace string) string {
	claims, _ := json.Marshal(Claims{Namespace: namespace, Key: key, Epoch: epoch})
	body := base64.RawURLEncoding.EncodeToString(claims)
	return prefix + body + "." + base64.RawURLEncoding.EncodeToString(i.code(body))
}

// Verify reads a token that this issuer, or one of the same secret, has made.
// Whether its execution still lives is another question.
func (i *Issuer) Verify(token string) (Claims, error) {
	body, code, _ := strings.Cut(strings.TrimPrefix(token, prefix), ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(code)
	if err != nil || !strings.HasPrefix(token, prefix) || !hmac.Equal(mac, i.code(body)) {
		return Claims{}, freshet.Errorf(freshet.Unauthed, "the token is not one of this server").
			WithHint("a task's token is in its $FRESHET_TOKEN, and is good for the server that started the task")
	}
	var c Claims
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return Claims{}, freshet.Errorf(freshet.Unauthed, "the token cannot be read")
	}
	return c, nil
}

func (i *Issuer) code(body string) []byte {
	h := hmac.New(sha256.New, i.key)
	h.Write([]byte(body))
	return h.Sum(nil)
}
