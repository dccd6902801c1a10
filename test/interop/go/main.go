// A node of another kind: go-libp2p as it comes, with no line of taskmesh in it. It does in a mesh what
// docs/protocol.md says that any libp2p program can do, says of each step whether it worked, and then stays
// until its standard input ends, so that nodes of the mesh can look for it in their turn.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"time"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/observedaddrs"
)

const agent = "taskmesh-interop-go/1"

// plan is what this run is told.
type plan struct {
	// Address of a bootstrap, with its peer id; of a closed mesh, the token names one.
	bootstrap string
	namespace string
	// A join token; "" where the mesh is open.
	token string
	// The key under which this program has itself found.
	announce string
	listen   string
	// How long to wait for a way past the relay; 0 where there is none to be expected.
	directWithin time.Duration
}

func main() {
	var p plan
	flag.StringVar(&p.bootstrap, "bootstrap", "", "address of a bootstrap, with its peer id")
	flag.StringVar(&p.namespace, "namespace", "default", "whose workers and routers to look for")
	flag.StringVar(&p.announce, "announce", "/interop/go", "the DHT key to be found under")
	flag.StringVar(&p.listen, "listen", "/ip4/127.0.0.1/tcp/0", "where to listen")
	flag.DurationVar(&p.directWithin, "direct-within", 0, "expect a direct connection to relayed workers, so soon")
	file := flag.String("token", "", "file with a join token, for a mesh with an authority")
	flag.Parse()
	if *file != "" {
		text, err := os.ReadFile(*file)
		if err != nil {
			panic(err)
		}
		p.token = string(text)
	}
	// A small mesh has fewer nodes than the four by which go-libp2p wants an address of its own to have been seen.
	observedaddrs.ActivationThresh = 1
	h, err := libp2p.New(libp2p.UserAgent(agent), libp2p.ListenAddrStrings(p.listen), libp2p.EnableHolePunching())
	if err != nil {
		panic(err)
	}
	defer h.Close()
	if p.token == "" {
		visitOpenMesh(h, p)
	} else {
		visitClosedMesh(h, p)
	}
	stay(h)
}

// stay tells where this program is found, and waits.
func stay(h host.Host) {
	own := peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}
	addresses, _ := peer.AddrInfoToP2pAddrs(&own)
	say(map[string]any{"peer_id": h.ID().String(), "addresses": addresses})
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func visitOpenMesh(h host.Host, p plan) {
	serve(h, handlers{"GET_CAPABILITIES": describe})
	way, err := peer.AddrInfoFromString(p.bootstrap)
	if err != nil {
		panic(err)
	}
	if !meet(h, *way) {
		return
	}
	var found company
	step("DHT, as a client: workers and routers found by their keys", func(ctx context.Context) (detail string, err error) {
		kad, err := joinDht(ctx, h, dht.ModeClient)
		if err == nil {
			defer kad.Close()
			found, detail, err = look(ctx, kad, p.namespace)
		}
		return detail, err
	})
	stepFindNodes(h, way.ID, p.namespace)
	for _, node := range found.all() {
		step("GET_CAPABILITIES of a "+node.role+" found there", func(ctx context.Context) (string, error) {
			if err := h.Connect(ctx, node.AddrInfo); err != nil {
				return "", err
			}
			return askCapabilities(ctx, h, node.ID)
		})
	}
	if len(found.routers) > 0 {
		step("EXECUTE_TASK with auto_route", func(ctx context.Context) (string, error) {
			return executeTask(ctx, h, found.routers[0].ID)
		})
	}
	stepRefused("a request in the name of somebody else is refused", "FROM_MISMATCH", func(ctx context.Context) error {
		return callAs(ctx, h, way.ID.String(), way.ID, "GET_CAPABILITIES", struct{}{}, &struct{}{})
	})
	stepRefused("a command that does not exist is refused", "COMMAND_UNKNOWN", func(ctx context.Context) error {
		return call(ctx, h, way.ID, "GET_CAPABILITY", struct{}{}, &struct{}{})
	})
	stepServeDht(h, p)
}

func visitClosedMesh(h host.Host, p plan) {
	said, err := readClaims(p.token[len("tmjoin_"):])
	if err != nil {
		panic(err)
	}
	way, err := peer.AddrInfoFromString(said.Bootstrap[0])
	if err != nil {
		panic(err)
	}
	if !meet(h, *way) {
		return
	}
	stepRefused("a stranger may ask nothing", "NOT_A_MEMBER", func(ctx context.Context) error {
		return call(ctx, h, way.ID, "GET_CAPABILITIES", struct{}{}, &struct{}{})
	})
	var own *member
	if !step("JOIN_MESH with a token", func(ctx context.Context) (string, error) {
		own, err = joinMesh(ctx, h, p.token)
		return "certificate of a " + said.Role + ", checked", err
	}) {
		return
	}
	serve(h, handlers{"INTRODUCE": own.welcome, "GET_CAPABILITIES": describe})
	stepIntroduce(own, "bootstrap", way.ID)
	own.introduceAlways()
	var found company
	step("DHT, as a member: workers and routers found by their keys", func(ctx context.Context) (detail string, err error) {
		kad, err := joinDht(ctx, h, dht.ModeClient)
		if err == nil {
			defer kad.Close()
			found, detail, err = look(ctx, kad, p.namespace)
		}
		return detail, err
	})
	stepFindNodes(h, way.ID, p.namespace)
	for _, router := range found.routers {
		if !stepConnect(h, "router", router) || !stepIntroduce(own, "router", router.ID) {
			continue
		}
		step("EXECUTE_TASK with auto_route, as a client of the mesh", func(ctx context.Context) (string, error) {
			return executeTask(ctx, h, router.ID)
		})
	}
	visitByRelay(own, p, *way, found.workers)
	stepServeDht(h, p)
}

func describe(peer.ID, json.RawMessage) (any, error) {
	return map[string]any{"role": "client", "agent": agent}, nil
}
