"""The network as the equations have it: join the window, multiply. The oracle of the fast ones."""

import numpy as np

from windowclf.lexicon.lexicon import PADDING


class PlainNetwork:
    """Scores and gradients of sentences by dense matrices, one column of ``x`` after the other."""

    def __init__(self, model, sentences, documents):
        self.model = model
        network, lexicon, window = model.network, model.lexicon, model.config.window
        words = [word for sentence in sentences for word in sentence]
        # Looked up one by one, each in its own sentence, where gazetteers find their names.
        gazetteer = [lexicon.gazetteer_tags([sentence]) for sentence in sentences]
        gazetteer = [
            np.concatenate([tags[i] for tags in gazetteer if len(tags[i])])
            for i in range(len(gazetteer[0]))
        ]
        ids = [
            lexicon.ids([word], [[str(tags[t])] for tags in gazetteer])[0]
            for t, word in enumerate(words)
        ]
        self.ids = np.array([*ids, [PADDING] * len(lexicon.features)])
        tables = network.tables.values()
        self.widths = [table.shape[1] for table in tables]
        self.e = np.concatenate(
            [table.value[self.ids[:, i]] for i, table in enumerate(tables)], axis=1
        ).astype(np.float64)
        n = len(words)
        sentence_of = np.repeat(np.arange(len(sentences)), [len(s) for s in sentences])
        side = window // 2
        self.windows = np.full((n, window), n)  # the last row of e is the padding
        for t in range(n):
            for k in range(window):
                at = t + k - side
                if 0 <= at < n and sentence_of[at] == sentence_of[t]:
                    self.windows[t, k] = at
        self.mean = np.array([(sentence_of == sentence_of[t]) for t in range(n)], dtype=float)
        self.mean /= self.mean.sum(axis=1, keepdims=True)
        self.others = np.zeros((n, n))
        for t in range(n):
            same = [
                u
                for u in range(n)
                if u != t
                and words[u].lower() == words[t].lower()
                and words[u].lower() != words[u]
                and words[t].lower() != words[t]
                and documents[sentence_of[u]] == documents[sentence_of[t]]
            ]
            if same:
                self.others[t, same] = 1 / len(same)

    def scores(self):
        network = self.model.network
        d, window, H = network.weights[0].shape
        self.x = self.e[self.windows].reshape(-1, window * d)
        self.W = network.weights[0].value.transpose(1, 0, 2).reshape(window * d, H)
        z = self.x @ self.W + network.biases[0].value
        if network.document_weight is not None:
            self.mean_of_others = self.others @ z
            z = z + network.document_weight.value * self.mean_of_others
        if network.sentence_weight is not None:
            z = z + self.mean @ self.e[:-1] @ network.sentence_weight.value
        self.activations = []
        for weight, bias in zip(network.weights[1:], network.biases[1:], strict=True):
            self.activations.append(network.activation.f(z))
            z = self.activations[-1] @ weight.value + bias.value
        return z

    def gradients(self, ds):
        """``∂J/∂`` each parameter, of the whole tables too, from ``∂J/∂s``."""
        network = self.model.network
        found = {name: np.zeros(p.shape) for name, p in network.parameters().items()}
        d, window, H = network.weights[0].shape
        delta = ds
        names = [f"W{i + 2}" for i in range(len(self.activations) - 1)] + ["U"]
        biases = [f"b{i + 2}" for i in range(len(self.activations) - 1)] + ["b_u"]
        for a, weight, w, b in reversed(
            list(zip(self.activations, network.weights[1:], names, biases, strict=True))
        ):
            found[w] += a.T @ delta
            found[b] += delta.sum(axis=0)
            delta = (delta @ weight.value.T) * network.activation.slope(a)
        de = np.zeros_like(self.e)
        if network.sentence_weight is not None:
            found["W_s"] += (self.mean @ self.e[:-1]).T @ delta
            de[:-1] += self.mean.T @ delta @ network.sentence_weight.value.T
        if network.document_weight is not None:
            found["g"] += (delta * self.mean_of_others).sum(axis=0)
            delta = delta + self.others.T @ (network.document_weight.value * delta)
        found["W1"] += (self.x.T @ delta).reshape(window, d, H).transpose(1, 0, 2)
        found["b1"] += delta.sum(axis=0)
        np.add.at(de, self.windows, (delta @ self.W.T).reshape(-1, window, d))
        stops = np.cumsum(self.widths)
        for i, (name, stop, width) in enumerate(
            zip(network.tables, stops, self.widths, strict=True)
        ):
            np.add.at(found[f"L_{name}"], self.ids[:, i], de[:, stop - width : stop])
        return found
