package f2p.kit

/**
 * An error: a kind for programs, a sentence for people.
 *
 * @property kind the kind of error.
 * @param message one sentence: what was asked, what was found, what to do.
 */
class F2PError(val kind: F2PErrorKind, override val message: String, cause: Throwable? = null) :
    Exception(message, cause)
