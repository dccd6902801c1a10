package main

// The mesh's DHT: who is found there under which name, and how this program is found itself.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multihash"
)

// go-libp2p makes the name of the protocol of this: /taskmesh/kad/1.0.0.
const dhtPrefix = "/taskmesh"

const dhtProtocol = dhtPrefix + "/kad/1.0.0"

// A key with so many workers has two others below it, and so on down to the last level.
const (
	splitWorkers = 8
	levelMax     = 10
)

func workersKey(namespace string, level, shard int) string {
	return fmt.Sprintf("/taskmesh/namespace/2/%s/%d/%d", namespace, level, shard)
}

func routersKey(namespace string) string {
	return "/taskmesh/routers/1/" + namespace
}

// keyCid is the hash of the key's text, as a CID of version 1 of raw bytes.
func keyCid(key string) (cid.Cid, error) {
	hash, err := multihash.Sum([]byte(key), multihash.SHA2_256, -1)
	return cid.NewCidV1(cid.Raw, hash), err
}

// joinDht begins to take part: as a client, or as one that keeps records for others.
func joinDht(ctx context.Context, h host.Host, mode dht.ModeOpt) (*dht.IpfsDHT, error) {
	kad, err := dht.New(ctx, h, dht.ProtocolPrefix(dhtPrefix), dht.Mode(mode), dht.DisableValues())
	if err != nil {
		return nil, err
	}
	return kad, poll(ctx, func() bool { return kad.RoutingTable().Size() > 0 })
}

// providers asks for all that are found under a key, in vain or not.
func providers(ctx context.Context, kad *dht.IpfsDHT, key string) ([]peer.AddrInfo, error) {
	id, err := keyCid(key)
	if err != nil {
		return nil, err
	}
	var found []peer.AddrInfo
	for provider := range kad.FindProvidersAsync(ctx, id, 0) {
		found = append(found, provider)
	}
	return found, ctx.Err()
}

// findWorkers walks down the tree of a namespace's keys, as far as there is more to be found.
func findWorkers(ctx context.Context, kad *dht.IpfsDHT, namespace string) (map[peer.ID]peer.AddrInfo, error) {
	workers := map[peer.ID]peer.AddrInfo{}
	shards := []int{0}
	for level := 0; level <= levelMax && len(shards) > 0; level++ {
		var below []int
		for _, shard := range shards {
			found, err := providers(ctx, kad, workersKey(namespace, level, shard))
			if err != nil {
				return nil, err
			}
			for _, worker := range found {
				workers[worker.ID] = worker
			}
			if len(found) >= splitWorkers {
				below = append(below, shard, shard+1<<level)
			}
		}
		shards = below
	}
	return workers, nil
}

// await looks again until somebody is found: a node says that it is there some moments after its start.
func await[T any](ctx context.Context, look func() ([]T, error)) ([]T, error) {
	for {
		found, err := look()
		if err != nil || len(found) > 0 {
			return found, err
		}
		if err := pause(ctx); err != nil {
			return nil, errors.New("nobody is found")
		}
	}
}

func announce(ctx context.Context, kad *dht.IpfsDHT, key string) error {
	id, err := keyCid(key)
	if err != nil {
		return err
	}
	return kad.Provide(ctx, id, true)
}

func poll(ctx context.Context, holds func() bool) error {
	for !holds() {
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}
