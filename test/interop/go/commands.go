package main

// The JSON binding of the command protocol: one stream per request, one JSON object each way.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	commandProtocol protocol.ID = "/taskmesh/command/1.0.0"
	// The longest answer that a node gives.
	answerBytesMax = 64 << 20
	// What a stranger may send; nobody who asks this program needs more.
	requestBytesMax = 64 << 10
)

type request struct {
	Command   string `json:"command"`
	RequestID string `json:"request_id"`
	From      string `json:"from"`
	To        string `json:"to,omitempty"`
	Timestamp int64  `json:"timestamp"`
	Params    any    `json:"params"`
}

type response struct {
	Command   string          `json:"command"`
	RequestID string          `json:"request_id"`
	From      string          `json:"from"`
	To        string          `json:"to"`
	Timestamp int64           `json:"timestamp"`
	Status    string          `json:"status"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     string          `json:"error,omitempty"`
	Detail    *commandError   `json:"error_detail,omitempty"`
}

// commandError is what a peer answers in place of a result. Programs look at the code.
type commandError struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"`
	Path      string `json:"path,omitempty"`
	Retryable bool   `json:"retryable"`
}

func (e *commandError) Error() string { return e.Code + ": " + e.Message }

// codeOf gives the code of what a peer has answered, and "" for any other failure.
func codeOf(err error) string {
	var answered *commandError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

var requestCount atomic.Int64

// call sends one command and reads the result into `result`.
func call(ctx context.Context, h host.Host, to peer.ID, command string, params, result any) error {
	return callAs(ctx, h, h.ID().String(), to, command, params, result)
}

func callAs(ctx context.Context, h host.Host, from string, to peer.ID, command string, params, result any) error {
	// Commands go through relays as well as directly.
	ctx = network.WithAllowLimitedConn(ctx, "commands are short")
	stream, err := h.NewStream(ctx, to, commandProtocol)
	if err != nil {
		return err
	}
	defer stream.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = stream.SetDeadline(deadline)
	}
	id := strconv.FormatInt(requestCount.Add(1), 10)
	sent := request{command, id, from, to.String(), time.Now().Unix(), params}
	if err := json.NewEncoder(stream).Encode(sent); err != nil {
		return err
	}
	// The end of the request is the end of the writing side.
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(stream, answerBytesMax))
	if err != nil {
		return err
	}
	var answer response
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if answer.Status != "success" {
		if answer.Detail == nil {
			return errors.New(answer.Error)
		}
		return answer.Detail
	}
	if answer.RequestID != id {
		return fmt.Errorf("request %s was answered as %q", id, answer.RequestID)
	}
	return json.Unmarshal(answer.Result, result)
}

// handlers answer the commands that this program itself understands.
type handlers map[string]func(from peer.ID, params json.RawMessage) (any, error)

// serve answers commands as nodes do.
func serve(h host.Host, known handlers) {
	h.SetStreamHandler(commandProtocol, func(stream network.Stream) {
		defer stream.Close()
		_ = stream.SetDeadline(time.Now().Add(30 * time.Second))
		remote := stream.Conn().RemotePeer()
		answer := known.answer(remote, stream)
		answer.From, answer.To, answer.Timestamp = h.ID().String(), remote.String(), time.Now().Unix()
		_ = json.NewEncoder(stream).Encode(answer)
	})
}

func (known handlers) answer(from peer.ID, body io.Reader) response {
	var asked struct {
		request
		Params json.RawMessage `json:"params"`
	}
	text, err := io.ReadAll(io.LimitReader(body, requestBytesMax))
	if err == nil {
		err = json.Unmarshal(text, &asked)
	}
	answer := response{Command: asked.Command, RequestID: asked.RequestID}
	if err != nil {
		return answer.failed("REQUEST_NOT_JSON", err.Error())
	}
	if asked.From != from.String() {
		return answer.failed("FROM_MISMATCH", "you are "+from.String())
	}
	handle, ok := known[asked.Command]
	if !ok {
		return answer.failed("COMMAND_UNKNOWN", "this program is for tests, and knows few commands")
	}
	result, err := handle(from, asked.Params)
	if err != nil {
		return answer.failed("INTERNAL", err.Error())
	}
	answer.Status = "success"
	answer.Result, _ = json.Marshal(result)
	return answer
}

func (answer response) failed(code, message string) response {
	answer.Status, answer.Error = "error", message
	answer.Detail = &commandError{Code: code, Message: message}
	return answer
}
