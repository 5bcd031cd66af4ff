#if canImport(CoreML) && canImport(Vision)
    import CoreML
    import F2PKitC
    import Foundation

    /// What the C entry points are made of: see Generated/EntryPoints.swift.
    enum Calls {
        /// Runs a call, waits for it, and turns what went wrong into a status and a sentence.
        ///
        /// - Parameters:
        ///   - message: where the sentence goes, to be freed by `f2p_free`; nil if nobody wants it.
        ///   - prepare: reads the caller's pointers and returns the call.
        ///   - done: gives out what the call returned. Both run on the caller's thread.
        static func run<Value: Sendable>(
            _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
            _ prepare: () throws -> @Sendable () async throws -> Value, done: (Value) throws -> Void
        ) -> Int32 {
            run(message, now: { try waitFor(try prepare()) }, done: done)
        }

        /// Does the same for what needs no waiting.
        static func run<Value>(
            _ message: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, now work: () throws -> Value,
            done: (Value) throws -> Void
        ) -> Int32 {
            message?.pointee = nil
            do {
                try done(try work())
                return f2pOK
            } catch let error as F2PError {
                message?.pointee = text(error.message)
                return error.kind.rawValue
            } catch is CancellationError {
                message?.pointee = text("stopped")
                return F2PErrorKind.cancelled.rawValue
            } catch {
                message?.pointee = text(error.localizedDescription)
                return F2PErrorKind.modelFailed.rawValue
            }
        }

        /// Returns the generator behind a handle.
        static func generator(_ handle: OpaquePointer?) throws -> CharacterGenerator {
            guard let handle else { throw F2PError(.invalidInput, "the generator is NULL") }
            return Unmanaged<CharacterGenerator>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
        }

        static func open(_ folder: String?, _ units: Int32) throws -> OpaquePointer {
            guard let units = MLComputeUnits(rawValue: Int(units)) else {
                throw F2PError(.invalidInput, "units must be one of F2PUnits, found \(units)")
            }
            let generator = try CharacterGenerator.bundled(
                folder: folder.map { URL(fileURLWithPath: $0, isDirectory: true) }, units: units)
            return OpaquePointer(Unmanaged.passRetained(generator).toOpaque())
        }

        static func close(_ handle: OpaquePointer?) {
            if let handle {
                Unmanaged<CharacterGenerator>.fromOpaque(UnsafeRawPointer(handle)).release()
            }
        }

        static func names(
            _ handle: OpaquePointer?, to place: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        ) -> Int32 {
            guard let generator = try? generator(handle) else { return -1 }
            give(generator.schema.parameterNames.joined(separator: "\n"), to: place)
            return f2pOK
        }

        static func mode(_ code: Int32) throws -> Mode {
            guard let mode = Mode(code: code) else {
                throw F2PError(.invalidInput, "mode must be one of F2PMode, found \(code)")
            }
            return mode
        }

        static func string(_ text: UnsafePointer<CChar>?) -> String? {
            text.map { String(cString: $0) }
        }

        static func picture(_ pixels: UnsafePointer<UInt8>?, _ width: Int, _ height: Int) throws -> Picture {
            guard let pixels, width > 0, height > 0 else {
                throw F2PError(.invalidInput, "a picture of \(width) x \(height) is NULL or empty")
            }
            let bytes = [UInt8](UnsafeBufferPointer(start: pixels, count: 3 * width * height))
            return try Picture(width: width, height: height, pixels: bytes)
        }

        static func parameters(_ json: String?, _ schema: Schema) throws -> Parameters {
            guard let json else { throw F2PError(.invalidInput, "the parameters are NULL") }
            return try Parameters(json: json, schema: schema)
        }

        /// Gives a picture out to `3 * width * height` bytes of the caller's.
        static func give(_ picture: Picture, to pixels: UnsafeMutablePointer<UInt8>?) throws {
            guard let pixels else { throw F2PError(.invalidInput, "there is nowhere to put the picture: it is NULL") }
            pixels.update(from: picture.pixels, count: picture.pixels.count)
        }

        /// Gives numbers out to as many floats of the caller's; nothing if that is NULL.
        static func give(_ values: [Float], to numbers: UnsafeMutablePointer<Float>?) {
            numbers?.update(from: values, count: values.count)
        }

        /// Gives a text out, to be freed by `f2p_free`; nothing if that is NULL.
        static func give(_ string: String, to place: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
            place?.pointee = text(string)
        }

        private static func text(_ string: String) -> UnsafeMutablePointer<CChar>? {
            strdup(string)
        }

        /// Waits on the caller's thread, which must be none of Swift's own.
        private static func waitFor<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
            let outcome = Outcome<Value>()
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                outcome.set(await Result(of: work))
                done.signal()
            }
            done.wait()
            return try outcome.get()
        }
    }

    /// A C callback with its context: the caller promises that both may be used on another thread.
    struct ProgressCall: @unchecked Sendable {
        let call: F2PProgress?
        let context: UnsafeMutableRawPointer?

        /// Returns whether the caller wants to go on.
        func report(_ progress: SearchProgress) -> Bool {
            guard let call else { return true }
            return call(context, Int32(progress.done), Int32(progress.total), progress.loss) == 0
        }

        /// Makes a call that this callback can stop.
        func stopping<Value: Sendable>(
            _ work: @escaping @Sendable (@escaping ProgressHandler) async throws -> Value
        ) async throws -> Value {
            let box = StopBox<Value>()
            let task = Task { try await work { if !self.report($0) { box.stop() } } }
            box.hold(task)
            return try await task.value
        }
    }

    /// A task that may be stopped before it is known here.
    private final class StopBox<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var task: Task<Value, any Error>?
        private var stopped = false

        func hold(_ task: Task<Value, any Error>) {
            lock.withLock {
                self.task = task
                if stopped { task.cancel() }
            }
        }

        func stop() {
            lock.withLock {
                stopped = true
                task?.cancel()
            }
        }
    }

    /// A result on its way from one thread to another.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<Value, any Error>?

        func set(_ result: Result<Value, any Error>) { lock.withLock { self.result = result } }

        func get() throws -> Value {
            guard let result = lock.withLock({ result }) else { throw CancellationError() }
            return try result.get()
        }
    }

    extension Result where Failure == any Error {
        fileprivate init(of work: () async throws -> Success) async {
            do {
                self = .success(try await work())
            } catch {
                self = .failure(error)
            }
        }
    }
#endif
