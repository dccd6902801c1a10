package main

// A mesh with an authority: join tokens, certificates, and the first words of every connection.

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/mr-tron/base58"
)

const (
	certificateType = "taskmesh-certificate+jws"
	delegationType  = "taskmesh-delegation+jws"
)

// claims are what a signed document of a mesh says, of whatever kind; those of another kind are empty.
type claims struct {
	Mesh       string   `json:"iss"`
	Subject    string   `json:"sub"`
	Expires    int64    `json:"exp"`
	Role       string   `json:"role"`
	Roles      []string `json:"roles"`
	Delegation string   `json:"delegation"`
	Issuer     string   `json:"aud"`
	Bootstrap  []string `json:"bootstrap"`
	Namespace  string   `json:"namespace"`
}

// readClaims looks into a compact JSON Web Signature without checking who has signed it.
func readClaims(text string) (claims, error) {
	var said claims
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return said, errors.New("this is no signed text")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return said, err
	}
	return said, json.Unmarshal(payload, &said)
}

// verify opens a document that the authority has signed, or somebody who holds its delegation.
func verify(text, kind, mesh string) (claims, error) {
	said, err := readClaims(text)
	if err != nil {
		return said, err
	}
	key, err := authorityKey(mesh)
	if err == nil && said.Delegation != "" {
		key, err = delegateKey(said, kind, mesh)
	}
	if err != nil {
		return said, err
	}
	head, signature := text[:strings.LastIndex(text, ".")], text[strings.LastIndex(text, ".")+1:]
	header := fmt.Sprintf(`{"alg":"EdDSA","typ":%q}`, kind)
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	switch {
	case err != nil:
		return said, err
	case !strings.HasPrefix(head, base64.RawURLEncoding.EncodeToString([]byte(header))+"."):
		return said, fmt.Errorf("this is no %s", kind)
	case !ed25519.Verify(key, []byte(head), raw):
		return said, errors.New("it is not signed by whom it should be")
	case said.Mesh != mesh:
		return said, fmt.Errorf("it is of %s", said.Mesh)
	case said.Expires < time.Now().Unix():
		return said, errors.New("it has run out")
	}
	return said, nil
}

// authorityKey is in the name of the mesh.
func authorityKey(mesh string) (ed25519.PublicKey, error) {
	raw, err := base58.Decode(strings.TrimPrefix(mesh, "mesh-"))
	if err == nil && len(raw) != ed25519.PublicKeySize {
		err = fmt.Errorf("%q names no mesh", mesh)
	}
	return raw, err
}

// delegateKey is that of the node which the authority has let sign documents of such a role.
func delegateKey(said claims, kind, mesh string) (ed25519.PublicKey, error) {
	if kind == delegationType {
		return nil, errors.New("a delegation is delegated itself")
	}
	by, err := verify(said.Delegation, delegationType, mesh)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(by.Roles, said.Role) {
		return nil, fmt.Errorf("%s may let in no %s", by.Subject, said.Role)
	}
	signer, err := peer.Decode(by.Subject)
	if err != nil {
		return nil, err
	}
	key, err := signer.ExtractPublicKey()
	if err != nil {
		return nil, err
	}
	return key.Raw()
}

// member is what this program is, once it was let in.
type member struct {
	host        host.Host
	mesh        string
	certificate string
}

// joinMesh exchanges a token at the node that the token names.
func joinMesh(ctx context.Context, h host.Host, token string) (*member, error) {
	text := strings.TrimPrefix(strings.TrimSpace(token), "tmjoin_")
	said, err := readClaims(text)
	if err != nil {
		return nil, err
	}
	issuer, err := peer.Decode(said.Issuer)
	if err != nil {
		return nil, err
	}
	var admitted struct {
		State       string `json:"state"`
		Certificate string `json:"certificate"`
	}
	params := map[string]string{"token": text, "agent": agent}
	if err := call(ctx, h, issuer, "JOIN_MESH", params, &admitted); err != nil {
		return nil, err
	}
	if admitted.State != "admitted" {
		return nil, fmt.Errorf("an operator has to say yes: %s", admitted.State)
	}
	own := &member{h, said.Mesh, admitted.Certificate}
	if _, err := own.check(h.ID(), admitted.Certificate); err != nil {
		return nil, fmt.Errorf("what it was given is not its own: %w", err)
	}
	return own, nil
}

// introduce says the first words on a connection that this program has made. It gives the role of the other end.
func (own *member) introduce(ctx context.Context, to peer.ID) (string, error) {
	var shown struct {
		Certificate string `json:"certificate"`
	}
	params := map[string]string{"certificate": own.certificate}
	if err := call(ctx, own.host, to, "INTRODUCE", params, &shown); err != nil {
		return "", err
	}
	return own.check(to, shown.Certificate)
}

// introduceAlways says them on every connection from now on, whoever of this program's parts has made it: to others
// that are asked something, such as those that keep the DHT's records, it would be a stranger.
func (own *member) introduceAlways() {
	own.host.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, conn network.Conn) {
			if conn.Stat().Direction != network.DirOutbound {
				return
			}
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
				defer cancel()
				_, _ = own.introduce(ctx, conn.RemotePeer())
			}()
		},
	})
}

// welcome answers them on a connection that another node has made.
func (own *member) welcome(from peer.ID, params json.RawMessage) (any, error) {
	var shown struct {
		Certificate string `json:"certificate"`
	}
	if err := json.NewDecoder(bytes.NewReader(params)).Decode(&shown); err != nil {
		return nil, err
	}
	if _, err := own.check(from, shown.Certificate); err != nil {
		return nil, err
	}
	return map[string]string{"certificate": own.certificate}, nil
}

func (own *member) check(of peer.ID, certificate string) (string, error) {
	said, err := verify(certificate, certificateType, own.mesh)
	if err == nil && said.Subject != of.String() {
		err = fmt.Errorf("the certificate is of %s", said.Subject)
	}
	return said.Role, err
}
