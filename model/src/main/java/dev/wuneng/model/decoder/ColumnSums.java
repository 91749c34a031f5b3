package dev.wuneng.model.decoder;

import dev.wuneng.kernels.op.ColumnSum;
import dev.wuneng.kernels.run.Program;
import dev.wuneng.kernels.run.View;
import dev.wuneng.model.parameter.Parameters;

/** Gradients that are sums over the rows of a batch, added to the parameters that train. */
final class ColumnSums {
    private final Parameters parameters;
    private final Activations memory;
    private final int rows;

    ColumnSums(Parameters parameters, Activations memory, int rows) {
        this.parameters = parameters;
        this.memory = memory;
        this.rows = rows;
    }

    boolean trains(String name) {
        return parameters.trains(name);
    }

    int blocks() {
        return ColumnSum.blocks(rows);
    }

    /** Memory for the sums over blocks of rows of {@code several} times {@code columns} columns. */
    View partial(int several, int columns) {
        int size = several * blocks() * columns;
        return memory.scratch("partial." + size, size);
    }

    /** Adds the sums over blocks to the gradient of a parameter, if it trains. */
    void add(Program.Builder program, View partial, String name, int columns) {
        if (trains(name)) {
            program.add(ColumnSum.accumulate(partial, parameters.gradient(name), blocks(), columns));
        }
    }

    /** Adds the column sums of a matrix [rows, columns], the gradient of a bias. */
    void addColumns(Program.Builder program, View matrix, String name, int columns) {
        if (trains(name)) {
            View partial = partial(1, columns);
            program.add(ColumnSum.partial(matrix, partial, rows, columns));
            add(program, partial, name, columns);
        }
    }
}
