/*
 * The TLS engine against a peer that sends anything. Best together with an mbedTLS that was built
 * for fuzzing too, so that its branches are seen.
 *
 * Time and random numbers are always the same, so that an input always does the same, and what an
 * honest peer once sent can be played back. The first byte of an input chooses the end of a
 * connection that the engine plays, the second one of three ways, the third how the bytes are cut:
 *   - the rest of the input is all that the peer sends;
 *   - the input changes bytes of the honest peer's stream at places that it names;
 *   - the peer is honest for as many bytes as the input says, then the rest of the input follows.
 */
#include "fuzz.h"
#include "fuzz_tls_peers.h"

#include <stdint.h>
#include <stdlib.h>

/* What the engine is given, a part at a time, and what it has given back. */
struct feed {
    struct mqc__tls *tls;
    size_t chunk;
    bool keeps_output; /* nobody sends what the engine has to say */
    char received[64];
    size_t received_size;
};

/* Reads what has come. */
static enum mqc__tls_status read_all(struct feed *feed)
{
    enum mqc__tls_status status = MQC__TLS_ESTABLISHED;
    while (status == MQC__TLS_ESTABLISHED) {
        size_t size = 0;
        const size_t room = sizeof feed->received - feed->received_size;
        fuzz_require(room > 0, "no more comes than the honest peer has sent");
        status = mqc__tls_read(feed->tls, feed->received + feed->received_size, room, &size);
        fuzz_require((size > 0) == (status == MQC__TLS_ESTABLISHED), "data comes with its status");
        fuzz_require(size <= room, "no more data than asked for");
        feed->received_size += size;
    }
    return status;
}

/* Writes as much as there is room for, and sends it or not. It ends no connection that reading has
 * not ended. */
static void write_some(struct feed *feed, enum mqc__tls_status read_status)
{
    static const char block[20000];
    size_t taken = 0;
    const struct mqc_view words = mqc_view_bytes(block, feed->keeps_output ? sizeof block : 4);
    const enum mqc__tls_status status = mqc__tls_write(feed->tls, words, &taken);
    fuzz_require(taken <= words.size && (taken == words.size) == (status == MQC__TLS_ESTABLISHED),
                 "what is taken goes with the status");
    fuzz_require((status == MQC__TLS_FAILED) == (read_status == MQC__TLS_FAILED) &&
                     (status == MQC__TLS_CLOSED) == (read_status == MQC__TLS_CLOSED),
                 "writing ends no connection");
    const struct mqc_view output = mqc__tls_output(feed->tls);
    fuzz_require(output.size < (size_t)256 << 10, "the output is bounded");
    if (!feed->keeps_output)
        mqc__tls_output_taken(feed->tls, output.size);
}

static enum mqc__tls_status work(struct feed *feed)
{
    const enum mqc__tls_status status = read_all(feed);
    const struct mqc__tls_failure *failure = mqc__tls_failure(feed->tls);
    fuzz_require((status == MQC__TLS_FAILED) == (failure->tag != NULL), "a failure has a tag");
    fuzz_require(failure->tag == NULL || failure->info.text[0] != '\0', "a failure has words");
    write_some(feed, status);
    return status;
}

static enum mqc__tls_status give(struct feed *feed, struct mqc_view bytes)
{
    enum mqc__tls_status status = work(feed);
    while (bytes.size > 0 && status == MQC__TLS_WANTS_INPUT) {
        const size_t part = bytes.size < feed->chunk ? bytes.size : feed->chunk;
        const size_t taken = mqc__tls_input(feed->tls, mqc_view_bytes(bytes.data, part));
        fuzz_require(taken > 0 && taken <= part, "input is taken where it is wanted");
        bytes = mqc_view_bytes(bytes.data + taken, bytes.size - taken);
        status = work(feed);
    }
    return status;
}

/* Whatever was done to the bytes on their way: all data is what the honest peer has sent, and its
 * good-bye comes behind all of that. */
static void check_received(const struct feed *feed, const char *words)
{
    fuzz_require(mqc_view_starts_with(mqc_view_text(words),
                                      mqc_view_bytes(feed->received, feed->received_size)),
                 "only the honest peer's data is believed");
    fuzz_require(mqc__tls_step(feed->tls) != MQC__TLS_CLOSED ||
                     feed->received_size == strlen(words),
                 "nothing is cut off unnoticed");
}

static void end(struct feed *feed, const struct peer *peer)
{
    char text[256];
    struct mqc__tls_session *session = NULL;
    if (mqc__tls_step(feed->tls) == MQC__TLS_ESTABLISHED)
        (void)mqc__tls_peer_description(feed->tls, text, sizeof text);
    (void)mqc__tls_alpn(feed->tls);
    mqc__tls_input_end(feed->tls);
    fuzz_require(work(feed) != MQC__TLS_WANTS_INPUT, "an end is an end");
    check_received(feed, peer->words);
    if (mqc__tls_session_save(feed->tls, &session) == MQC_OK)
        mqc__tls_session_free(&session);
    mqc__tls_close(feed->tls);
    mqc__tls_free(&feed->tls);
}

/* The honest stream with bytes changed: three bytes of input say how far on and in which bits. */
static void harm(const struct peer *peer, struct fuzz_source *source, unsigned char *stream_out)
{
    size_t place = 0;
    memcpy(stream_out, peer->stream, peer->stream_size);
    while (source->left > 0 && place < peer->stream_size) {
        place += fuzz_two_bytes(source) % peer->stream_size;
        if (place < peer->stream_size)
            stream_out[place] = (unsigned char)(stream_out[place] ^ fuzz_byte(source));
    }
}

/* Without this nothing would tell that the fuzzer has lost its way into the engine. */
static void check_played_back(const struct peer *peer)
{
    struct feed feed = {.tls = peer_start(peer), .chunk = SIZE_MAX};
    const enum mqc__tls_status status =
        give(&feed, mqc_view_bytes(peer->stream, peer->stream_size));
    fuzz_require(status == (peer->is_refused ? MQC__TLS_FAILED : MQC__TLS_CLOSED),
                 "what is played back ends as it did");
    fuzz_require(peer->is_refused || feed.received_size == strlen(peer->words),
                 "what is played back is taken for the peer");
    end(&feed, peer);
}

static void set_up(void)
{
    peers_record();
    for (size_t i = 0; i < PEER_COUNT; i++)
        check_played_back(peers_get(i));
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static unsigned char stream[STREAM_BYTES_MAX];
    static bool is_set_up;
    if (!is_set_up)
        set_up();
    is_set_up = true;
    struct fuzz_source source = {.at = data, .left = size};
    const struct peer *peer = peers_get(fuzz_byte(&source) % PEER_COUNT);
    const unsigned way = fuzz_byte(&source);
    const unsigned cut = fuzz_byte(&source);
    struct mqc_view honest = {.size = 0};
    if (way % 4 == 1) {
        harm(peer, &source, stream);
        honest = mqc_view_bytes(stream, peer->stream_size);
    } else if (way % 4 == 2) {
        honest = mqc_view_bytes(peer->stream, fuzz_two_bytes(&source) % (peer->stream_size + 1));
    }
    struct feed feed = {.tls = peer_start(peer),
                        .chunk = cut == 0 ? SIZE_MAX : cut,
                        .keeps_output = (way & 0x80) != 0};
    (void)give(&feed, honest);
    (void)give(&feed, fuzz_rest(&source));
    end(&feed, peer);
    return 0;
}
