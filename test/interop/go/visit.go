package main

// The steps that both kinds of mesh have in common.

import (
	"context"
	"fmt"
	"time"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"
)

// company is whom the DHT has told of.
type company struct {
	workers, routers []peer.AddrInfo
}

type found struct {
	role string
	peer.AddrInfo
}

func (c company) all() []found {
	var all []found
	for _, worker := range c.workers {
		all = append(all, found{"worker", worker})
	}
	for _, router := range c.routers {
		all = append(all, found{"router", router})
	}
	return all
}

// meet connects, and learns what libp2p itself tells of a node.
func meet(h host.Host, to peer.AddrInfo) bool {
	if !stepConnect(h, "bootstrap", to) {
		return false
	}
	step("identify", func(context.Context) (string, error) {
		version, err := h.Peerstore().Get(to.ID, "AgentVersion")
		if err != nil {
			return "", err
		}
		protocols, err := h.Peerstore().SupportsProtocols(to.ID, commandProtocol, dhtProtocol, ping.ID)
		if err == nil && len(protocols) != 3 {
			err = fmt.Errorf("it only speaks %v", protocols)
		}
		return fmt.Sprint(version), err
	})
	step("ping", func(ctx context.Context) (string, error) {
		answer := <-ping.Ping(ctx, h, to.ID)
		return answer.RTT.Round(time.Microsecond).String(), answer.Error
	})
	return true
}

func stepConnect(h host.Host, role string, to peer.AddrInfo) bool {
	return step("connect to a "+role, func(ctx context.Context) (string, error) {
		if err := h.Connect(ctx, to); err != nil {
			return "", err
		}
		return describeConnection(h.Network().ConnsToPeer(to.ID)[0]), nil
	})
}

func describeConnection(conn network.Conn) string {
	if isRelayed(conn) {
		return pathOf(conn)
	}
	state := conn.ConnState()
	return fmt.Sprintf("%s, %s, %s", pathOf(conn), state.Security, state.StreamMultiplexer)
}

func pathOf(conn network.Conn) string {
	if isRelayed(conn) {
		return "relayed"
	}
	return "direct " + conn.ConnState().Transport
}

func isRelayed(conn network.Conn) bool {
	_, err := conn.RemoteMultiaddr().ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}

func stepIntroduce(own *member, role string, to peer.ID) bool {
	return step("INTRODUCE to a "+role, func(ctx context.Context) (string, error) {
		shown, err := own.introduce(ctx, to)
		if err == nil && shown != role {
			err = fmt.Errorf("its certificate is of a %s", shown)
		}
		return "its certificate is of a " + shown + ", checked", err
	})
}

// stepRefused works where the answer is this error.
func stepRefused(name, code string, work func(ctx context.Context) error) bool {
	return step(name, func(ctx context.Context) (string, error) {
		err := work(ctx)
		if codeOf(err) == code {
			return err.Error(), nil
		}
		return "", fmt.Errorf("expected %s, not: %v", code, err)
	})
}

func look(ctx context.Context, kad *dht.IpfsDHT, namespace string) (company, string, error) {
	workers, err := await(ctx, func() ([]peer.AddrInfo, error) {
		byID, err := findWorkers(ctx, kad, namespace)
		var list []peer.AddrInfo
		for _, worker := range byID {
			list = append(list, worker)
		}
		return list, err
	})
	if err != nil {
		return company{}, "", err
	}
	routers, err := await(ctx, func() ([]peer.AddrInfo, error) {
		return providers(ctx, kad, routersKey(namespace))
	})
	detail := fmt.Sprintf("workers: %d, routers: %d", len(workers), len(routers))
	return company{workers, routers}, detail, err
}

func askCapabilities(ctx context.Context, h host.Host, of peer.ID) (string, error) {
	var said struct {
		Role     string  `json:"role"`
		CPUCores float64 `json:"cpu_cores"`
	}
	err := call(ctx, h, of, "GET_CAPABILITIES", struct{}{}, &said)
	return fmt.Sprintf("role %s, cpu_cores %g", said.Role, said.CPUCores), err
}

// stepFindNodes asks a bootstrap, which is faster than the DHT and never the only one that knows.
func stepFindNodes(h host.Host, bootstrap peer.ID, namespace string) bool {
	return step("FIND_NODES of a bootstrap", func(ctx context.Context) (string, error) {
		type node struct {
			PeerID string `json:"peer_id"`
		}
		nodes, err := await(ctx, func() ([]node, error) {
			var answer struct {
				Nodes []node `json:"nodes"`
			}
			params := map[string]string{"namespace": namespace}
			err := call(ctx, h, bootstrap, "FIND_NODES", params, &answer)
			return answer.Nodes, err
		})
		return fmt.Sprintf("workers: %d", len(nodes)), err
	})
}

// executeTask has the mesh reverse a text.
func executeTask(ctx context.Context, h host.Host, router peer.ID) (string, error) {
	task := map[string]any{
		"engine": "javascript",
		"source": "function main (input) { return [...input].reverse().join('') }",
		"input":  "hsemksat",
	}
	params := map[string]any{"task_data": task, "auto_route": true}
	var done struct {
		Output string `json:"output"`
		Worker string `json:"worker"`
	}
	if err := call(ctx, h, router, "EXECUTE_TASK", params, &done); err != nil {
		return "", err
	}
	if done.Output != "taskmesh" {
		return "", fmt.Errorf("the answer is %q", done.Output)
	}
	return fmt.Sprintf("%q, by worker …%s", done.Output, done.Worker[len(done.Worker)-6:]), nil
}

// stepServeDht keeps records for others from now on, and has this program found under a key.
func stepServeDht(h host.Host, p plan) {
	step("DHT, as a server: announced under a key", func(ctx context.Context) (string, error) {
		kad, err := joinDht(ctx, h, dht.ModeServer)
		if err != nil {
			return "", err
		}
		return p.announce, announce(ctx, kad, p.announce)
	})
}

// visitByRelay reaches workers through the bootstrap, and takes a place there to be reached itself.
func visitByRelay(own *member, p plan, relay peer.AddrInfo, workers []peer.AddrInfo) {
	for _, worker := range workers {
		if !step("dial a worker through the bootstrap's relay", func(ctx context.Context) (string, error) {
			through, err := circuit(relay, worker.ID)
			if err != nil {
				return "", err
			}
			// Only by that address, whatever the DHT has told of others.
			own.host.Peerstore().ClearAddrs(worker.ID)
			if err := own.host.Connect(ctx, through); err != nil {
				return "", err
			}
			return describeConnection(own.host.Network().ConnsToPeer(worker.ID)[0]), nil
		}) || !stepIntroduce(own, "worker", worker.ID) {
			continue
		}
		step("GET_CAPABILITIES of that worker", func(ctx context.Context) (string, error) {
			return askCapabilities(ctx, own.host, worker.ID)
		})
		stepRefused("EXECUTE_TASK at a worker is for routers", "COMMAND_FORBIDDEN", func(ctx context.Context) error {
			params := map[string]any{"task_data": map[string]string{"engine": "builtin", "name": "echo"}}
			return call(ctx, own.host, worker.ID, "EXECUTE_TASK", params, &struct{}{})
		})
		if p.directWithin > 0 {
			stepBecomeDirect(own.host, worker.ID, p.directWithin)
		}
	}
	step("reserve a place at the bootstrap's relay", func(ctx context.Context) (string, error) {
		place, err := client.Reserve(ctx, own.host, relay)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("for %s", time.Until(place.Expiration).Round(time.Minute)), nil
	})
}

// stepBecomeDirect waits until one of the two ends has found a way past the relay.
func stepBecomeDirect(h host.Host, to peer.ID, within time.Duration) bool {
	return step("a direct connection takes the relay's place", func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		var direct string
		err := poll(ctx, func() bool {
			for _, conn := range h.Network().ConnsToPeer(to) {
				if !isRelayed(conn) {
					direct = fmt.Sprintf("%s %s", conn.Stat().Direction, conn.RemoteMultiaddr())
				}
			}
			return direct != ""
		})
		return direct, err
	})
}

// circuit is the way to a peer through a relay.
func circuit(relay peer.AddrInfo, to peer.ID) (peer.AddrInfo, error) {
	part, err := ma.NewMultiaddr("/p2p/" + relay.ID.String() + "/p2p-circuit")
	if err != nil {
		return peer.AddrInfo{}, err
	}
	var ways []ma.Multiaddr
	for _, address := range relay.Addrs {
		ways = append(ways, address.Encapsulate(part))
	}
	return peer.AddrInfo{ID: to, Addrs: ways}, nil
}
