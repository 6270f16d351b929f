/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of the form k=v,k=v with percent-encoded values, as in OTEL_RESOURCE_ATTRIBUTES
 * and OTEL_EXPORTER_OTLP_HEADERS (W3C Baggage without its properties). The first '='
 * ends the key. Pure.
 */
#ifndef OTLP_PAIRS_H
#define OTLP_PAIRS_H

#include "buf.h"

/* Cuts the next pair off *rest and decodes its value into *value, which is emptied
 * first. 1; 0 at the end; -EBADMSG: this pair has no key or a broken escape, and was
 * skipped; or value's error. *ret_key is lent from *rest, without white space. */
int pairs_next(struct slice *rest, struct slice *ret_key, struct buf *value);

#endif
