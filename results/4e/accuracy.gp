load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set key font ",14"
set yrange [0.8:1.005]
set key bottom right
eval "plot ".train_accuracy("3c", 1, "train, seed 1: one layer of 64 (3c)").", ".train_accuracy("4d", 2, "train, seed 1: two of 60 (4d)").", ".train_accuracy("4e", 3, "train, seed 1: ten of 64 (4e)").", ".\
    train_accuracy("4e/slow", 4, "train, seed 1: ten of 64, learning rate 0.002").", ".validation("3c", "accuracy", 1, "validation: one layer of 64 (3c)").", ".\
    validation("4d", "accuracy", 2, "validation: two of 60 (4d)").", ".validation("4e", "accuracy", 3, "validation: ten of 64 (4e)").", ".\
    validation("4e/slow", "accuracy", 4, "validation: ten of 64, learning rate 0.002")
