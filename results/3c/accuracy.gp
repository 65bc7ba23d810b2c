load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy (dashed: train, seed 1; solid: validation)"
set yrange [0.84:1.005]
set key bottom right
eval "plot ".train_accuracy("2c", 1, "").", ".train_accuracy("3a", 2, "").", ".\
    train_accuracy("3b", 3, "").", ".train_accuracy("3c", 4, "").", ".\
    validation("2c", "accuracy", 1, "2c").", ".validation("3a", "accuracy", 2, "3a: 2c with fan-in weights").", ".\
    validation("3b", "accuracy", 3, "3b: 3a with the improved sigmoid").", ".\
    validation("3c", "accuracy", 4, "3c: 3b with momentum")
